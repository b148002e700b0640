//! Restarting after a shutdown: with all jobs, and with working executors.

use std::time::Duration;

use punctual_core::{Event, EventMask, JobStore, Recovery};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_executor_tokio::TokioExecutor;
use punctual_scheduler::{
    AsyncScheduler, BackgroundScheduler, BlockingScheduler, JobContextExt, JobQuery, JobState,
};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{
    Log, ManualExecutor, Recorder, SchedulerFixture, TIMEOUT, TempStore, at, note,
};

fn check_background(store: impl JobStore) {
    let (events, log) = (Recorder::default(), Log::default());
    let scheduler = BackgroundScheduler::builder()
        .job_store("default", store)
        .executor("default", ThreadPoolExecutor::new(2))
        .executor("tokio", TokioExecutor::new())
        .app_data(log.clone())
        .listener(EventMask::ALL, events.listener())
        .build()
        .unwrap();
    for round in 1..=3 {
        scheduler.start().unwrap();
        let job = scheduler.job(note("a".into())).trigger(IntervalTrigger::hours(1));
        job.id("stays").replace_existing(true).add().unwrap();
        scheduler.job(note("b".into())).add().unwrap();
        scheduler.job(note("c".into())).executor("tokio").recovery(Recovery::Rerun).add().unwrap();
        events.wait_count("JOB_EXECUTED", 2 * round);
        events.wait_count("JOB_REMOVED", 2 * round);
        assert_eq!(scheduler.get_jobs(JobQuery::new()).unwrap().len(), 1);
        scheduler.shutdown().unwrap();
        let pending = JobQuery::new().state(JobState::Pending);
        assert!(scheduler.get_jobs(pending).unwrap().is_empty(), "no job is pending");
    }
    assert_eq!(events.with_prefix("JOB_ERROR"), [""; 0]);
    assert_eq!(events.with_prefix("JOB_ADDED stays").len(), 1, "an unchanged job is not replaced");
}

#[test]
fn a_background_scheduler_restarts() {
    check_background(MemoryJobStore::new());
    check_background(TempStore::new().store());
}

#[test]
fn an_async_scheduler_restarts_in_another_runtime() {
    let file = TempStore::new();
    let (events, log) = (Recorder::default(), Log::default());
    let scheduler = AsyncScheduler::builder()
        .job_store("default", file.store())
        .executor("default", TokioExecutor::new())
        .app_data(log.clone())
        .listener(EventMask::ALL, events.listener())
        .build()
        .unwrap();
    for round in 1..=2 {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            scheduler.job(note("job".into())).add().await.unwrap();
            scheduler.start().await.unwrap();
            let mut stream = scheduler.events(EventMask::JOB_REMOVED);
            if events.with_prefix("JOB_REMOVED").len() < round {
                assert!(matches!(stream.next().await, Some(Event::JobRemoved(_))));
            }
            scheduler.shutdown().await.unwrap();
        });
    }
    assert_eq!(log.len(), 2);
}

#[test]
fn a_blocking_scheduler_restarts() {
    let file = TempStore::new();
    let log = Log::default();
    let scheduler = BlockingScheduler::builder()
        .job_store("default", MemoryJobStore::new())
        .job_store("file", file.store())
        .executor("default", ThreadPoolExecutor::new(2))
        .app_data(log.clone())
        .build()
        .unwrap();
    for round in 1..=2 {
        scheduler.job(note("job".into())).job_store("file").add().unwrap();
        let last = log.clone();
        let seen = move |context: punctual_core::JobContext| {
            // Until the other job has run too.
            if last.len() < round {
                return Ok(());
            }
            context.sync_scheduler().expect("a scheduler").shutdown()
        };
        let job = scheduler.job(seen).id("stop").replace_existing(true);
        job.trigger(IntervalTrigger::every(Duration::from_millis(5))).add().unwrap();
        scheduler.start().unwrap();
    }
    assert_eq!(log.len(), 2);
}

#[test]
fn a_run_dropped_by_the_shutdown_is_run_again_only_with_rerun() {
    let file = TempStore::new();
    for on_file in [true, false] {
        let held = ManualExecutor::default();
        let fixture = SchedulerFixture::new(|builder| {
            let builder = builder.executor("default", held.clone());
            match on_file {
                true => builder.job_store("default", file.store()),
                false => builder.job_store("default", MemoryJobStore::new()),
            }
        });
        let job = fixture.job(note("job".into())).id("job").recovery(Recovery::Rerun);
        let trigger = IntervalTrigger::seconds(100).start_date(at(10));
        fixture.block_on(job.trigger(trigger).add()).unwrap();
        fixture.jump_to(10);
        assert_eq!(held.len(), 1);
        fixture.block_on(fixture.shutdown()).unwrap();
        fixture.block_on(fixture.flush_events(TIMEOUT));
        assert_eq!(fixture.events.with_prefix("JOB_ERROR"), ["JOB_ERROR job"], "the run was lost");
        fixture.block_on(fixture.start_manual()).unwrap();
        fixture.jump_to(20);
        assert_eq!(held.len(), 1, "the run is run again");
        held.run_one();
        assert_eq!(fixture.log.len(), 1);
        fixture.jump_to(110);
        assert_eq!(held.len(), 1, "the next run is not blocked");
        held.run_one();
        fixture.jump_to(111);
    }
}

#[test]
fn pending_jobs_are_separate_from_stored_jobs() {
    let fixture = SchedulerFixture::in_memory();
    let later = || DateTrigger::at(at(100));
    fixture.block_on(fixture.job(note("a".into())).id("stored").trigger(later()).add()).unwrap();
    fixture.block_on(fixture.shutdown()).unwrap();
    fixture.block_on(fixture.job(note("b".into())).id("waits").trigger(later()).add()).unwrap();
    let ids = |fixture: &SchedulerFixture, query| -> Vec<String> {
        let jobs = fixture.block_on(fixture.get_jobs(query)).unwrap();
        jobs.iter().map(|job| job.id.to_string()).collect()
    };
    assert_eq!(ids(&fixture, JobQuery::new().state(JobState::Pending)), ["waits"]);
    fixture.block_on(fixture.start_manual()).unwrap();
    assert_eq!(ids(&fixture, JobQuery::new()), ["stored", "waits"]);
}
