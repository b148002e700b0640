//! Jobs that call their own scheduler.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use punctual_core::{DebugExecutor, EventMask, JobContext};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_executor_tokio::TokioExecutor;
use punctual_scheduler::{
    AsyncScheduler, BackgroundScheduler, BlockingScheduler, JobChange, JobContextExt, JobQuery,
    SchedulerBuilder, SchedulerError, SchedulerState,
};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{Log, Recorder, SchedulerFixture, TIMEOUT, at, note};

/// The executors with threads.
#[derive(Clone, Copy)]
enum JobExecutor {
    Threads,
    Tokio,
}

fn described<S>(
    builder: SchedulerBuilder<S>,
    on: JobExecutor,
    events: &Recorder,
) -> SchedulerBuilder<S> {
    let builder = builder
        .job_store("default", MemoryJobStore::new())
        .timezone("UTC")
        .app_data(Log::default())
        .listener(EventMask::ALL, events.listener());
    match on {
        JobExecutor::Threads => builder.executor("default", ThreadPoolExecutor::new(2)),
        JobExecutor::Tokio => builder.executor("default", TokioExecutor::new()),
    }
}

fn stop(context: JobContext) -> Result<(), SchedulerError> {
    let scheduler = context.sync_scheduler().expect("a scheduler");
    scheduler.shutdown()?;
    assert!(!scheduler.is_running(), "the scheduler stops immediately");
    Ok(())
}

async fn stop_async(context: JobContext) -> Result<(), SchedulerError> {
    let scheduler = context.scheduler().expect("a scheduler");
    scheduler.shutdown().await?;
    assert!(!scheduler.is_running(), "the scheduler stops immediately");
    Ok(())
}

/// Slightly less than the shutdown timeout, which elapses completely if a run waits for itself.
const SELF_WAIT: Duration = Duration::from_secs(29);

#[expect(clippy::disallowed_methods, reason = "measures whether a run waits for itself")]
fn assert_no_self_wait(work: impl FnOnce()) {
    let begin = Instant::now();
    work();
    assert!(begin.elapsed() < SELF_WAIT, "the shutdown took {:?}", begin.elapsed());
}

#[test]
fn a_job_shuts_a_background_scheduler_down() {
    for on in [JobExecutor::Threads, JobExecutor::Tokio] {
        for blocking in [true, false] {
            assert_no_self_wait(|| {
                let events = Recorder::default();
                let scheduler =
                    described(BackgroundScheduler::builder(), on, &events).start().unwrap();
                match blocking {
                    true => scheduler.job(stop).id("stop").add().unwrap(),
                    false => scheduler.job(stop_async).id("stop").add().unwrap(),
                };
                events.wait("SCHEDULER_SHUTDOWN");
                let lines = events.event_lines();
                assert_eq!(
                    lines[3..],
                    [
                        "JOB_SUBMITTED stop",
                        "JOB_EXECUTED stop",
                        "JOB_REMOVED stop",
                        "SCHEDULER_SHUTDOWN"
                    ]
                );
                // The scheduler can be started again.
                scheduler.start().unwrap();
                scheduler.shutdown().unwrap();
            });
        }
    }
}

#[test]
fn a_job_ends_a_blocking_scheduler_whose_start_returns() {
    for on in [JobExecutor::Threads, JobExecutor::Tokio] {
        assert_no_self_wait(|| {
            let events = Recorder::default();
            let scheduler = described(BlockingScheduler::builder(), on, &events).build().unwrap();
            scheduler.job(stop).id("stop").add().unwrap();
            scheduler.start().unwrap();
            assert_eq!(scheduler.state(), SchedulerState::Stopped);
            assert_eq!(events.event_lines().last().unwrap(), "SCHEDULER_SHUTDOWN");
            assert_eq!(events.with_prefix("JOB_EXECUTED"), ["JOB_EXECUTED stop"]);
            scheduler.job(stop_async).id("again").add().unwrap();
            scheduler.start().unwrap();
            assert_eq!(events.with_prefix("JOB_EXECUTED").len(), 2);
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_shuts_an_async_scheduler_down() {
    for on in [JobExecutor::Threads, JobExecutor::Tokio] {
        let events = Recorder::default();
        let scheduler = described(AsyncScheduler::builder(), on, &events).start().await.unwrap();
        scheduler.job(stop_async).id("async").add().await.unwrap();
        tokio::time::timeout(SELF_WAIT, scheduler.stopped()).await.unwrap();
        scheduler.start().await.unwrap();
        scheduler.job(stop).id("blocking").add().await.unwrap();
        tokio::time::timeout(SELF_WAIT, scheduler.stopped()).await.unwrap();
        scheduler.flush_events(TIMEOUT).await;
        assert_eq!(
            events.with_prefix("JOB_EXECUTED"),
            ["JOB_EXECUTED async", "JOB_EXECUTED blocking"]
        );
    }
}

#[test]
fn an_inline_job_shuts_the_scheduler_down() {
    let fixture = SchedulerFixture::in_memory();
    fixture.block_on(fixture.job(stop).id("stop").add()).unwrap();
    fixture.pass();
    fixture.block_on(async { tokio::time::timeout(TIMEOUT, fixture.stopped()).await }).unwrap();
    assert_eq!(fixture.state(), SchedulerState::Stopped);
}

/// Calls all methods that manage jobs.
fn manage(context: JobContext) -> Result<usize, SchedulerError> {
    let scheduler = context.sync_scheduler().expect("a scheduler");
    let later = || DateTrigger::at(at(1_000_000_000));
    scheduler.job(note("a".into())).id("a").trigger(later()).add()?;
    scheduler.job(note("b".into())).id("b").trigger(later()).add()?;
    scheduler.modify_job("a", JobChange::new().name("changed"))?;
    scheduler.pause_job("a")?;
    scheduler.resume_job("a")?;
    scheduler.reschedule_job("b", IntervalTrigger::hours(1))?;
    scheduler.remove_job("b")?;
    scheduler.add_job_store("other", MemoryJobStore::new())?;
    scheduler.remove_job_store("other")?;
    scheduler.add_executor("other", ThreadPoolExecutor::new(1))?;
    scheduler.remove_executor("other")?;
    assert_eq!(scheduler.get_job("a")?.expect("a job").name(), "changed");
    Ok(scheduler.get_jobs(JobQuery::new())?.len())
}

async fn manage_async(context: JobContext) -> Result<usize, SchedulerError> {
    let scheduler = context.scheduler().expect("a scheduler");
    let later = || DateTrigger::at(at(1_000_000_000));
    scheduler.job(note("a".into())).id("a").trigger(later()).add().await?;
    scheduler.job(note("b".into())).id("b").trigger(later()).add().await?;
    scheduler.modify_job("a", JobChange::new().name("changed")).await?;
    scheduler.pause_job("a").await?;
    scheduler.resume_job("a").await?;
    scheduler.reschedule_job("b", IntervalTrigger::hours(1)).await?;
    scheduler.remove_job("b").await?;
    scheduler.add_job_store("other", MemoryJobStore::new()).await?;
    scheduler.remove_job_store("other").await?;
    scheduler.add_executor("other", ThreadPoolExecutor::new(1))?;
    scheduler.remove_executor("other").await?;
    Ok(scheduler.get_jobs(JobQuery::new()).await?.len())
}

#[test]
fn jobs_manage_jobs_from_threads_and_runtimes() {
    for on in [JobExecutor::Threads, JobExecutor::Tokio] {
        assert_no_self_wait(|| {
            let events = Recorder::default();
            let scheduler = described(BackgroundScheduler::builder(), on, &events).start().unwrap();
            scheduler.job(manage).id("blocking").add().unwrap();
            events.wait("JOB_EXECUTED blocking");
            scheduler.remove_job("a").unwrap();
            scheduler.job(manage_async).id("async").add().unwrap();
            events.wait("JOB_EXECUTED async");
            scheduler.remove_job("a").unwrap();
            // A blocking call from an async job.
            let blocking = async |context: JobContext| manage(context);
            scheduler.job(blocking).id("mixed").add().unwrap();
            events.wait("JOB_EXECUTED mixed");
            scheduler.shutdown().unwrap();
        });
    }
}

#[test]
fn inline_jobs_manage_jobs_during_a_pass() {
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", MemoryJobStore::new()).default_executor(DebugExecutor)
    });
    fixture.block_on(fixture.job(manage).id("job").add()).unwrap();
    fixture.pass();
    assert_eq!(fixture.events.with_prefix("JOB_EXECUTED"), ["JOB_EXECUTED job"]);
    fixture.block_on(fixture.remove_job("a")).unwrap();
    fixture.block_on(fixture.job(manage_async).id("async").add()).unwrap();
    fixture.pass();
    assert_eq!(fixture.events.with_prefix("JOB_EXECUTED").len(), 2);
}

#[test]
fn a_job_can_add_itself_again() {
    let fixture = SchedulerFixture::in_memory();
    fn again(context: JobContext) -> Result<(), SchedulerError> {
        context.app_data::<Log>().expect("a log").push(context.scheduled_time().to_string());
        let next = context.scheduled_time().saturating_add(Duration::from_secs(10));
        let scheduler = context.sync_scheduler().expect("a scheduler");
        scheduler.job(again).id("self").trigger(DateTrigger::at(next)).add()?;
        Ok(())
    }
    fixture.block_on(fixture.job(again).id("self").trigger(DateTrigger::at(at(10))).add()).unwrap();
    fixture.run_until(50);
    assert_eq!(fixture.log.len(), 5);
    assert!(fixture.events.with_prefix("JOB_UNRESOLVED").is_empty());
    assert_eq!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().len(), 1);
}

#[test]
fn a_shutdown_from_a_job_waits_for_other_runs_in_the_background() {
    let events = Recorder::default();
    let log = Log::default();
    let scheduler = BackgroundScheduler::builder()
        .job_store("default", MemoryJobStore::new())
        .executor("default", ThreadPoolExecutor::new(2))
        .app_data(log.clone())
        .listener(EventMask::ALL, events.listener())
        .start()
        .unwrap();
    scheduler.job(crate::common::gated("other".into())).id("other").add().unwrap();
    log.wait_for_tasks_at_gate(1);
    let (ended, has_ended) = mpsc::channel();
    scheduler
        .job(move |context: JobContext| {
            let result = stop(context);
            ended.send(()).expect("the test receives it");
            result
        })
        .id("stop")
        .add()
        .unwrap();
    has_ended.recv_timeout(TIMEOUT).unwrap();
    assert_eq!(scheduler.state(), SchedulerState::Stopping);
    log.open_gate();
    events.wait("SCHEDULER_SHUTDOWN");
    assert_eq!(events.with_prefix("JOB_EXECUTED").len(), 2);
}
