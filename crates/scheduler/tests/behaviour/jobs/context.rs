//! The context of a run.

use std::sync::Arc;

use punctual_core::{Event, EventMask, JobContext, JobContextParts, JobId, RunId};
use punctual_scheduler::JobContextExt;
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::DateTrigger;

use crate::common::{SchedulerFixture, at};

struct Database(&'static str);

#[test]
fn the_context_contains_the_job_the_time_and_the_state() {
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("mine", MemoryJobStore::new()).app_data(Database("main"))
    });
    let log = fixture.log.clone();
    let job = fixture.job(move |context: JobContext| {
        let database = context.app_data::<Database>().expect("the database");
        assert!(context.app_data::<String>().is_none());
        assert!(!context.is_cancelled());
        assert!(context.scheduler().is_some_and(|scheduler| scheduler.is_running()));
        log.push(format!(
            "{} {} {} {} {}",
            context.job_id(),
            context.job_store(),
            context.scheduled_time() == at(10),
            context.attempt(),
            database.0
        ));
        Ok::<_, String>(context.run_id().to_string())
    });
    let job = job.id("job").job_store("mine").trigger(DateTrigger::at(at(10)));
    fixture.block_on(job.add()).unwrap();
    fixture.jump_to(12);
    assert_eq!(fixture.log.lines(), ["job mine true 1 main"]);
    let mask = EventMask::JOB_EXECUTED;
    let executed = fixture.events.all().into_iter().find(|event| event.mask() == mask);
    let Some(Event::JobExecuted(run)) = executed else { panic!("{executed:?}") };
    assert_eq!((run.started, run.finished), (Some(at(12)), Some(at(12))));
    assert_eq!(run.scheduled_time, at(10));
    let outcome = run.outcome.unwrap().to_string();
    assert_eq!(outcome, format!("success: \"{}\"", run.run_id));
}

#[test]
fn a_context_in_a_unit_test_has_no_scheduler() {
    let id = JobId::new("job").unwrap();
    let parts = JobContextParts::new(id, Default::default(), RunId::random(), at(0));
    let context = JobContext::new(parts);
    assert!(context.scheduler().is_none());
    assert!(context.sync_scheduler().is_none());
}

#[test]
fn the_state_is_dropped_with_the_scheduler() {
    let shared = Arc::new(());
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", MemoryJobStore::new()).app_data(Arc::clone(&shared))
    });
    assert_eq!(Arc::strong_count(&shared), 2);
    fixture.block_on(fixture.shutdown()).unwrap();
    drop(fixture);
    assert_eq!(Arc::strong_count(&shared), 1);
}
