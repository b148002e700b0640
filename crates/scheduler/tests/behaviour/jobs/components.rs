//! Job stores and executors that are added and removed at run time.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use punctual_core::{DynJobStore, EventMask};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_scheduler::{BackgroundScheduler, JobQuery, SchedulerError};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::DateTrigger;

use crate::common::{
    Call, FailingExecutor, Fault, Log, ManualExecutor, Recorder, SchedulerFixture, TempStore, at,
    faulty, note,
};

#[test]
fn jobs_of_an_added_store_run_until_it_is_removed() {
    let file = TempStore::new();
    let fixture = SchedulerFixture::in_memory();
    fixture.block_on(fixture.add_job_store("file", file.store())).unwrap();
    let error = fixture.block_on(fixture.add_job_store("file", MemoryJobStore::new())).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"this scheduler already has a job store with the alias "file""#
    );
    for second in [10, 20] {
        let job = fixture.job(note("job".into())).job_store("file");
        fixture.block_on(job.trigger(DateTrigger::at(at(second))).add()).unwrap();
    }
    fixture.run_until(15);
    fixture.block_on(fixture.remove_job_store("file")).unwrap();
    let error = fixture.block_on(fixture.remove_job_store("file")).unwrap_err();
    assert!(matches!(error, SchedulerError::UnknownJobStore { .. }));
    fixture.run_until(25);
    assert_eq!(fixture.log.lines(), ["job@10"]);
    assert!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().is_empty());
    fixture.block_on(fixture.add_job_store("again", file.store())).unwrap();
    fixture.run_until(26);
    assert_eq!(fixture.log.lines(), ["job@10", "job@20"]);
    assert_eq!(
        fixture.events.with_prefix("JOBSTORE"),
        [
            "JOBSTORE_ADDED default",
            "JOBSTORE_ADDED file",
            "JOBSTORE_REMOVED file",
            "JOBSTORE_ADDED again"
        ]
    );
}

#[test]
fn a_store_can_be_selected_at_run_time() {
    let file = TempStore::new();
    for in_memory in [true, false] {
        let store: Arc<dyn DynJobStore> = match in_memory {
            true => Arc::new(MemoryJobStore::new()),
            false => Arc::new(file.store()),
        };
        let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
        let boxed: Box<dyn DynJobStore> = Box::new(MemoryJobStore::new());
        fixture.block_on(fixture.add_job_store("boxed", boxed)).unwrap();
        for (alias, time) in [("default", 1), ("boxed", 2)] {
            let job = fixture.job(note(alias.into())).job_store(alias);
            fixture.block_on(job.trigger(DateTrigger::at(at(time))).add()).unwrap();
        }
        fixture.run_until(3);
        assert_eq!(fixture.log.lines(), ["default@1", "boxed@2"]);
    }
}

#[test]
fn a_store_that_fails_to_start_is_not_added() {
    let fixture = SchedulerFixture::in_memory();
    let store = faulty(MemoryJobStore::new());
    store.0.faults.once(Call::Start, Fault::NotApplied);
    fixture.block_on(fixture.add_job_store("other", store.clone())).unwrap_err();
    assert!(matches!(
        fixture.block_on(fixture.get_jobs(JobQuery::new().job_store("other"))).unwrap_err(),
        SchedulerError::UnknownJobStore { .. }
    ));
    fixture.block_on(fixture.add_job_store("other", store)).unwrap();
    assert!(
        fixture.block_on(fixture.get_jobs(JobQuery::new().job_store("other"))).unwrap().is_empty()
    );
}

#[test]
fn a_removed_executor_finishes_its_runs() {
    let fixture = SchedulerFixture::in_memory();
    let broken = FailingExecutor::default();
    broken.start.store(true, Ordering::SeqCst);
    fixture.add_executor("other", broken).unwrap_err();
    fixture.add_executor("other", ManualExecutor::default()).unwrap();
    let error = fixture.add_executor("other", ManualExecutor::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"this scheduler already has an executor with the alias "other""#
    );
    fixture.block_on(fixture.remove_executor("other")).unwrap();
    let error = fixture.block_on(fixture.remove_executor("other")).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"this scheduler has no executor with the alias "other"; known aliases: default"#
    );
    fixture.add_executor("other", ThreadPoolExecutor::new(1)).unwrap();
    fixture.block_on(fixture.job(note("job".into())).executor("other").add()).unwrap();
    fixture.run_until(1);
    assert_eq!(fixture.log.lines(), ["job@0"]);
}

#[test]
fn components_can_be_changed_while_the_scheduler_is_stopped() {
    let (file, events, log) = (TempStore::new(), Recorder::default(), Log::default());
    let scheduler = BackgroundScheduler::builder()
        .job_store("default", MemoryJobStore::new())
        .executor("default", ThreadPoolExecutor::new(1))
        .app_data(log.clone())
        .listener(EventMask::ALL, events.listener())
        .build()
        .unwrap();
    for _ in 0..2 {
        scheduler.add_job_store("file", file.store()).unwrap();
        scheduler.add_executor("other", ThreadPoolExecutor::new(1)).unwrap();
        scheduler.add_job_store("gone", MemoryJobStore::new()).unwrap();
        scheduler.remove_job_store("gone").unwrap();
        scheduler.job(note("job".into())).job_store("file").executor("other").add().unwrap();
        scheduler.start().unwrap();
        events.wait("JOB_REMOVED");
        scheduler.shutdown().unwrap();
        events.clear();
        scheduler.remove_job_store("file").unwrap();
        scheduler.remove_executor("other").unwrap();
    }
    assert_eq!(log.len(), 2);
}
