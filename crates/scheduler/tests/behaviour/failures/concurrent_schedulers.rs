//! Two schedulers of one process on one SQLite file.

use std::time::Duration;

use punctual_core::{EventMask, Recovery};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_scheduler::{BackgroundScheduler, JobQuery, NewJob};
use punctual_triggers::DateTrigger;

use crate::common::{Call, Fault, Log, Recorder, SchedulerFixture, TempStore, at, faulty, note};

const JOBS: usize = 300;

#[test]
fn each_fire_time_runs_once() {
    let file = TempStore::new();
    let (events, log) = (Recorder::default(), Log::default());
    let schedulers: Vec<_> = (0..2)
        .map(|_| {
            BackgroundScheduler::builder()
                .job_store("default", file.store())
                .executor("default", ThreadPoolExecutor::new(2))
                .app_data(log.clone())
                .task(note)
                .listener(EventMask::JOB_REMOVED | EventMask::JOB_EXECUTED, events.listener())
                .start()
                .unwrap()
        })
        .collect();
    let jobs = (0..JOBS).map(|number| {
        let recovery = if number % 2 == 0 { Recovery::Skip } else { Recovery::Rerun };
        let job = NewJob::builder(note(format!("{number}"))).id(format!("{number}"));
        job.trigger(DateTrigger::at(at(0))).recovery(recovery).build()
    });
    schedulers[0].add_jobs(jobs).unwrap();
    events.wait_count("JOB_REMOVED", JOBS);
    for scheduler in &schedulers {
        assert!(scheduler.get_jobs(JobQuery::new()).unwrap().is_empty());
        assert!(scheduler.health().is_ok());
        scheduler.shutdown().unwrap();
    }
    let mut lines = log.lines();
    assert_eq!(lines.len(), JOBS);
    lines.sort();
    lines.dedup();
    assert_eq!(lines.len(), JOBS, "no job ran twice");
    assert_eq!(events.with_prefix("JOB_EXECUTED").len(), JOBS);
}

/// A job with a newly registered task is added while a pass is in progress. The pass, which read the registered tasks
/// before, must not consume the wake-up.
#[test]
fn a_job_with_a_new_task_added_during_a_pass_is_found_by_the_next_pass() {
    for call in [Call::Metadata, Call::NextWakeup] {
        let file = TempStore::new();
        let store = faulty(file.store());
        let faults = store.0.faults.clone();
        // The poll interval is an hour, so no job is found by polling.
        let hour = Duration::from_secs(3_600);
        let fixture = SchedulerFixture::new(|builder| {
            builder.job_store("default", store).poll_interval(hour)
        });
        faults.set(call, Fault::Delayed);
        fixture.block_on(async {
            let before = faults.stuck();
            let add = async {
                while faults.stuck() == before {
                    tokio::task::yield_now().await;
                }
                fixture
                    .job(note("new".into()))
                    .trigger(DateTrigger::at(at(0)))
                    .add()
                    .await
                    .unwrap();
                faults.clear();
            };
            tokio::join!(fixture.tick(at(0)), add);
        });
        fixture.pass();
        assert_eq!(fixture.log.lines(), ["new@0"], "{call:?}");
    }
}
