//! Handles of jobs and of runs.

use std::thread;
use std::time::Duration;

use punctual_core::{Recovery, RunOutcome};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_macros::task;
use punctual_scheduler::{BackgroundScheduler, JobChange, JobState, SchedulerError};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{Log, ManualExecutor, SchedulerFixture, TempStore, at, gated, note};

/// Returns a value.
#[task]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

#[test]
fn a_handle_changes_its_job_and_keeps_the_job_as_it_was_added() {
    for is_persistent in [false, true] {
        let file = TempStore::new();
        let fixture = SchedulerFixture::new(|builder| match is_persistent {
            true => builder.job_store("default", file.store()),
            false => builder.job_store("default", MemoryJobStore::new()),
        });
        let added = fixture
            .job(note("a".into()))
            .id("a")
            .name("first")
            .trigger(IntervalTrigger::seconds(100).start_date(at(100)))
            .add();
        let job = fixture.block_on(added).unwrap();
        assert_eq!((job.id.as_str(), job.name(), job.next_run_time), ("a", "first", Some(at(100))));

        let changed = fixture.block_on(job.modify(JobChange::new().name("second"))).unwrap();
        assert_eq!(changed.name(), "second");
        assert_eq!(fixture.block_on(job.pause()).unwrap().state, JobState::Paused);
        assert!(fixture.block_on(job.next_fire_times(3)).unwrap().is_empty());
        assert_eq!(fixture.block_on(job.resume()).unwrap().next_run_time, Some(at(100)));
        let three = IntervalTrigger::seconds(50).start_date(at(100)).max_runs(3);
        let rescheduled = fixture.block_on(job.reschedule(three));
        assert_eq!(rescheduled.unwrap().next_run_time, Some(at(100)));
        assert_eq!(fixture.block_on(job.next_fire_times(2)).unwrap(), [at(100), at(150)]);
        assert_eq!(fixture.block_on(job.next_fire_times(9)).unwrap(), [at(100), at(150), at(200)]);
        assert_eq!(fixture.block_on(job.make_due()).unwrap().next_run_time, Some(at(0)));

        assert_eq!((job.name(), job.next_run_time), ("first", Some(at(100))));
        let now = fixture.block_on(job.refresh()).unwrap().unwrap();
        assert_eq!((now.name(), now.next_run_time), ("second", Some(at(0))));
        let found = fixture.block_on(fixture.get_job(&job)).unwrap().unwrap();
        assert_eq!(found.job().name(), "second");
        fixture.block_on(found.remove()).unwrap();
        assert!(fixture.block_on(job.refresh()).unwrap().is_none());
        let error = fixture.block_on(job.pause()).unwrap_err();
        assert!(matches!(error, SchedulerError::JobNotFound { .. }), "{error}");
    }
}

#[test]
fn pending_jobs_have_handles() {
    let scheduler = BackgroundScheduler::builder().timezone("UTC").build().unwrap();
    let far = || DateTrigger::at(at(2_000_000_000));
    let job = scheduler.job(|| ()).id("a").trigger(far()).add().unwrap();
    assert_eq!((job.state, job.refresh().unwrap().unwrap().state), (JobState::Pending, job.state));
    assert_eq!(job.next_fire_times(5).unwrap(), [at(2_000_000_000)]);
    job.pause().unwrap();
    assert!(job.next_fire_times(5).unwrap().is_empty());
    assert!(matches!(job.run_now().unwrap_err(), SchedulerError::NotRunning));
    scheduler.start().unwrap();
    assert_eq!(job.refresh().unwrap().unwrap().state, JobState::Paused);
    assert!(job.to_string().contains("pending"), "{job}");
    scheduler.shutdown().unwrap();
}

#[test]
fn a_run_returns_its_outcome_to_the_one_who_started_it() {
    let scheduler = BackgroundScheduler::builder().timezone("UTC").start().unwrap();
    let value = scheduler.job(|| 6 * 7).paused().add().unwrap();
    for _ in 0..20 {
        // The previous run is no longer counted once it has been awaited.
        let run = value.run_now().unwrap();
        let id = run.run_id();
        assert!(matches!(run.wait(), RunOutcome::Success(value) if value == 42), "{id}");
    }
    let file = TempStore::new();
    scheduler.add_job_store("file", file.store()).unwrap();
    let job = scheduler.job(add(20, 22)).job_store("file").recovery(Recovery::Rerun);
    let recorded = job.paused().add().unwrap();
    for _ in 0..20 {
        assert_eq!(recorded.run_now().unwrap().wait().value(), Some(&42.into()));
    }
    let failing = scheduler.job(|| Err::<(), _>("no paper".to_owned())).paused().add().unwrap();
    let outcome = failing.run_now().unwrap().wait();
    assert!(matches!(outcome, RunOutcome::Failed(_)), "{outcome}");
    assert_eq!((outcome.to_string().as_str(), outcome.value()), ("error: no paper", None));
    scheduler.shutdown().unwrap();
}

#[test]
fn an_async_run_returns_its_outcome_with_the_next_tick() {
    let held = ManualExecutor::default();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", MemoryJobStore::new()).executor("default", held.clone())
    });
    let job = fixture.block_on(fixture.job(|| "done").paused().add()).unwrap();
    let run = fixture.block_on(job.run_now()).unwrap();
    held.run_one();
    fixture.pass();
    assert_eq!(fixture.block_on(run.wait()).value(), Some(&"done".into()));
    let run = fixture.block_on(job.run_now()).unwrap();
    held.lose_one();
    fixture.pass();
    assert!(matches!(fixture.block_on(run.wait()), RunOutcome::Lost));
}

#[test]
fn a_run_that_outlasts_the_shutdown_is_lost_to_those_who_wait() {
    let (file, log) = (TempStore::new(), Log::default());
    let scheduler = BackgroundScheduler::builder()
        .job_store("default", file.store())
        .executor("default", ThreadPoolExecutor::new(1))
        .timezone("UTC")
        .app_data(log.clone())
        .start()
        .unwrap();
    let job = scheduler.job(gated("a".into())).paused().recovery(Recovery::Rerun).add().unwrap();
    let run = job.run_now().unwrap();
    log.wait_for_tasks_at_gate(1);
    scheduler.shutdown_timeout(Duration::ZERO).unwrap();
    assert!(matches!(run.wait(), RunOutcome::Lost));
    log.open_gate();
}

#[test]
fn a_run_that_ends_during_the_shutdown_returns_its_outcome() {
    for _ in 0..20 {
        let log = Log::default();
        let scheduler = BackgroundScheduler::builder()
            .job_store("default", MemoryJobStore::new())
            .executor("default", ThreadPoolExecutor::new(1))
            .timezone("UTC")
            .app_data(log.clone())
            .start()
            .unwrap();
        let job = scheduler.job(gated("a".into())).paused().add().unwrap();
        let run = job.run_now().unwrap();
        log.wait_for_tasks_at_gate(1);
        let waiting = thread::spawn(move || run.wait());
        let stopping = thread::spawn(move || scheduler.shutdown());
        log.open_gate();
        assert!(waiting.join().unwrap().is_success());
        stopping.join().unwrap().unwrap();
    }
}
