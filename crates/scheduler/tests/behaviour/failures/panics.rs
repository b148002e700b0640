//! User code that panics inside a pass: a trigger, a store.

use std::fmt;
use std::panic;
use std::sync::Arc;

use punctual_core::{EventMask, Timestamp, Trigger, TriggerSpec};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_scheduler::BackgroundScheduler;
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::IntervalTrigger;

use crate::common::{Call, Fault, Log, Recorder, SchedulerFixture, at, faulty, note};

/// A trigger that fires at second 10 and then panics.
#[derive(Debug)]
struct Fragile;

impl fmt::Display for Fragile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fragile")
    }
}

impl Trigger for Fragile {
    fn next_fire_time(&self, previous: Option<Timestamp>, _: Timestamp) -> Option<Timestamp> {
        match previous {
            None => Some(at(10)),
            Some(_) => panic::resume_unwind(Box::new("fragile")),
        }
    }

    fn spec(&self) -> TriggerSpec {
        TriggerSpec::new("fragile", 1, &()).expect("nothing to encode")
    }
}

#[test]
fn a_panicking_trigger_is_reported_and_does_not_affect_other_jobs() {
    let fixture = SchedulerFixture::new(|builder| {
        builder
            .job_store("default", MemoryJobStore::new())
            .trigger_kind("fragile", |_, _| Ok(Arc::new(Fragile)))
    });
    fixture.block_on(async {
        let fragile: Arc<dyn Trigger> = Arc::new(Fragile);
        fixture.job(note("bad".into())).id("bad").trigger(fragile).add().await.unwrap();
        let good = IntervalTrigger::seconds(10).start_date(at(10));
        fixture.job(note("good".into())).trigger(good).add().await.unwrap();
    });
    fixture.run_until(35);
    assert_eq!(fixture.log.lines(), ["good@10", "good@20", "good@30"]);
    assert_eq!(fixture.events.with_prefix("JOB_UNRESOLVED"), ["JOB_UNRESOLVED bad"]);
    let job = fixture.block_on(fixture.get_job("bad")).unwrap().unwrap();
    assert_eq!(job.next_run_time, Some(at(10)), "the job is not modified");
    assert!(fixture.health().is_ok());
}

#[test]
fn a_panicking_store_is_reported_as_failed_and_retried() {
    let store = faulty(MemoryJobStore::new());
    let (events, log) = (Recorder::default(), Log::default());
    let scheduler = BackgroundScheduler::builder()
        .job_store("default", store.clone())
        .executor("default", ThreadPoolExecutor::new(1))
        .app_data(log.clone())
        .listener(EventMask::ALL, events.listener())
        .start()
        .unwrap();
    store.0.faults.once(Call::ClaimDue, Fault::Panic);
    scheduler.job(note("job".into())).add().unwrap();
    events.wait("JOBSTORE_FAILED");
    events.wait("JOBSTORE_RECOVERED");
    events.wait("JOB_REMOVED");
    scheduler.shutdown().unwrap();
    assert_eq!(log.len(), 1);
}
