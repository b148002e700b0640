//! Async schedulers on runtimes other than tokio.

use std::time::Duration;

use punctual_core::{Clock, EventMask, SystemClock};
use punctual_scheduler::{
    AsyncScheduler, FailureLog, JobChange, JobContextExt, JobQuery, SchedulerError, SchedulerState,
};
use punctual_store_sql::SqliteJobStore;

use crate::common::Recorder;

const TIMEOUT: Duration = Duration::from_secs(60);

/// A store that needs the timers and the blocking threads of tokio.
fn scheduler(folder: &tempfile::TempDir) -> AsyncScheduler {
    let events = Recorder::default();
    AsyncScheduler::builder()
        .timezone("UTC")
        .failure_log(FailureLog::Off)
        .job_store("file", SqliteJobStore::open(folder.path().join("jobs.sqlite")).unwrap())
        .listener(EventMask::ALL, events.listener())
        .build()
        .unwrap()
}

#[test]
fn all_methods_can_be_awaited_without_tokio() {
    let folder = tempfile::tempdir().unwrap();
    let scheduler = scheduler(&folder);
    pollster::block_on(async {
        assert!(matches!(scheduler.shutdown().await, Err(SchedulerError::NotRunning)));
        // Before the start, in memory.
        let pending = scheduler.job(|| 1).id("pending").paused().add().await.unwrap();
        scheduler.start().await.unwrap();
        assert!(matches!(scheduler.start().await, Err(SchedulerError::AlreadyRunning)));
        assert_eq!(pending.run_now().await.unwrap().wait().await.value(), Some(&1.into()));

        let job = scheduler.job(|| 42).id("answer").paused().add().await.unwrap();
        assert_eq!(job.run_now().await.unwrap().wait().await.value(), Some(&42.into()));
        job.modify(JobChange::new().name("the answer")).await.unwrap();
        assert!(job.refresh().await.unwrap().is_some());
        assert_eq!(scheduler.get_jobs(JobQuery::new().job_store("file")).await.unwrap().len(), 0);
        let mut printed = Vec::new();
        scheduler.print_jobs(JobQuery::new(), &mut printed).await.unwrap();
        scheduler.print_job_table(JobQuery::new(), &mut printed).await.unwrap();
        assert!(String::from_utf8(printed).unwrap().contains("the answer"));
        scheduler.refresh_zones().await.unwrap();
        scheduler.flush_events(TIMEOUT).await;

        let mut events = scheduler.events(EventMask::JOB_EXECUTED);
        let from_job = scheduler
            .job(|context: punctual_core::JobContext| async move {
                let scheduler = context.scheduler().unwrap();
                scheduler.remove_job("answer").await.map_err(|error| error.to_string())
            })
            .add()
            .await
            .unwrap();
        let event = events.next().await.unwrap();
        assert!(event.to_string().contains(from_job.id.as_str()), "{event}");
        assert!(scheduler.get_job("answer").await.unwrap().is_none());

        scheduler.shutdown().await.unwrap();
        assert_eq!(scheduler.state(), SchedulerState::Stopped);
        scheduler.stopped().await;
        // It can be started again, on a new thread.
        scheduler.start_paused().await.unwrap();
        assert_eq!(scheduler.state(), SchedulerState::Paused);
        scheduler.shutdown_timeout(TIMEOUT).await.unwrap();
    });
}

#[test]
fn a_manual_scheduler_needs_no_tokio() {
    let folder = tempfile::tempdir().unwrap();
    let scheduler = scheduler(&folder);
    pollster::block_on(async {
        scheduler.start_manual().await.unwrap();
        let job = scheduler.job(|| 42).paused().add().await.unwrap();
        let run = job.run_now().await.unwrap();
        let mut events = scheduler.events(EventMask::JOB_EXECUTED);
        let tick = async {
            loop {
                scheduler.tick(SystemClock.now()).await;
                if let Some(event) = events.try_next() {
                    return event;
                }
                scheduler.wait_for_wakeup().await;
            }
        };
        assert_eq!(tick.await.to_string().split(": ").last(), Some("42"));
        assert_eq!(run.wait().await.value(), Some(&42.into()));
        scheduler.shutdown().await.unwrap();
    });
}

/// The start and the shutdown are complete although their futures are dropped.
#[test]
fn a_dropped_call_continues() {
    let folder = tempfile::tempdir().unwrap();
    let scheduler = scheduler(&folder);
    let mut events = scheduler.events(EventMask::SCHEDULER_STARTED | EventMask::SCHEDULER_SHUTDOWN);
    let poll_once = |future: &mut (dyn Future<Output = Result<(), SchedulerError>> + Unpin)| {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        drop(std::pin::Pin::new(future).poll(&mut context));
    };
    poll_once(&mut Box::pin(scheduler.start()));
    assert!(pollster::block_on(events.next()).is_some());
    poll_once(&mut Box::pin(scheduler.shutdown()));
    assert!(pollster::block_on(events.next()).is_some());
}
