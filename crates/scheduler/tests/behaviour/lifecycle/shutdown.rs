//! Shutting down: bounded in time, and final.

use std::sync::mpsc;
use std::time::Duration;

use punctual_core::{DebugExecutor, EventMask, Recovery};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_scheduler::{
    AsyncScheduler, BackgroundScheduler, HistoryQuery, NewJob, SchedulerBuilder, SchedulerState,
};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{
    Call, Fault, Log, Recorder, SchedulerFixture, TIMEOUT, TempStore, at, faulty, gated, note,
};

fn builder<S>(builder: SchedulerBuilder<S>, events: &Recorder, log: &Log) -> SchedulerBuilder<S> {
    builder.timezone("UTC").app_data(log.clone()).listener(EventMask::ALL, events.listener())
}

#[test]
fn a_shutdown_waits_for_runs_in_progress() {
    let (events, log) = (Recorder::default(), Log::default());
    let scheduler = builder(BackgroundScheduler::builder(), &events, &log)
        .job_store("default", MemoryJobStore::new())
        .executor("default", ThreadPoolExecutor::new(2))
        .start()
        .unwrap();
    scheduler.job(gated("job".into())).id("job").add().unwrap();
    log.wait_for_tasks_at_gate(1);
    let (done, is_done) = mpsc::channel();
    let stopping = scheduler.clone();
    let thread = std::thread::spawn(move || done.send(stopping.shutdown()));
    while scheduler.state() == SchedulerState::Running {
        std::thread::yield_now();
    }
    is_done.recv_timeout(Duration::from_millis(50)).unwrap_err();
    assert_eq!(scheduler.state(), SchedulerState::Stopping);
    log.open_gate();
    is_done.recv_timeout(TIMEOUT).unwrap().unwrap();
    thread.join().unwrap().unwrap();
    assert_eq!(
        events.event_lines()[3..],
        ["JOB_SUBMITTED job", "JOB_EXECUTED job", "JOB_REMOVED job", "SCHEDULER_SHUTDOWN"]
    );
}

#[test]
fn a_shutdown_is_bounded_when_a_run_hangs() {
    let (events, log) = (Recorder::default(), Log::default());
    let scheduler = builder(BackgroundScheduler::builder(), &events, &log)
        .job_store("default", MemoryJobStore::new())
        .executor("default", ThreadPoolExecutor::new(1))
        .start()
        .unwrap();
    scheduler.job(gated("hangs".into())).id("hangs").add().unwrap();
    log.wait_for_tasks_at_gate(1);
    scheduler.job(note("queued".into())).id("queued").add().unwrap();
    events.wait("JOB_SUBMITTED queued");
    scheduler.shutdown_timeout(Duration::from_millis(50)).unwrap();
    assert_eq!(scheduler.state(), SchedulerState::Stopped);
    assert_eq!(scheduler.active_run_count(), 1, "the hanging run is still counted");
    assert_eq!(log.len(), 1, "queued runs never start");
    assert_eq!(events.with_prefix("JOB_ERROR"), ["JOB_ERROR queued", "JOB_ERROR hangs"]);
    assert_eq!(events.event_lines().last().unwrap(), "SCHEDULER_SHUTDOWN");
    log.open_gate();
}

#[test]
fn shutdown_is_not_starved_by_a_full_backlog() {
    let (events, log) = (Recorder::default(), Log::default());
    let scheduler = builder(BackgroundScheduler::builder(), &events, &log)
        .job_store("default", MemoryJobStore::new())
        .executor("default", DebugExecutor)
        .max_concurrent_runs(1)
        .start()
        .unwrap();
    let often = || IntervalTrigger::every(Duration::from_millis(1));
    let job = || NewJob::builder(note("job".into())).trigger(often()).build();
    scheduler.add_jobs((0..200).map(|_| job())).unwrap();
    events.wait("JOB_EXECUTED");
    let (done, is_done) = mpsc::channel();
    let thread = std::thread::spawn(move || done.send(scheduler.shutdown()));
    is_done.recv_timeout(TIMEOUT).unwrap().unwrap();
    thread.join().unwrap().unwrap();
}

#[test]
fn no_pass_starts_after_the_shutdown() {
    let store = faulty(MemoryJobStore::new());
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store.clone()));
    let job = fixture.job(note("job".into())).id("job").trigger(DateTrigger::at(at(10)));
    fixture.block_on(job.add()).unwrap();
    fixture.pass();
    fixture.block_on(fixture.shutdown()).unwrap();
    let before = faults.calls(Call::NextWakeup);
    assert_eq!(fixture.jump_to(20), None);
    assert_eq!(faults.calls(Call::NextWakeup), before);
    assert_eq!(faults.calls(Call::ClaimDue), 0);
    assert_eq!(fixture.log.len(), 0);
    // No fire time was lost.
    fixture.block_on(fixture.start_manual()).unwrap();
    fixture.run_until(21);
    assert_eq!(fixture.log.lines(), ["job@10"]);
}

/// Starts, blocks in the call, shuts down, clears the fault, and starts again.
fn hangs_in(call: Call) {
    let file = TempStore::new();
    let (events, log) = (Recorder::default(), Log::default());
    let store = faulty(file.store());
    let faults = store.0.faults.clone();
    let scheduler = builder(BackgroundScheduler::builder(), &events, &log)
        .job_store("default", store)
        .executor("default", ThreadPoolExecutor::new(1))
        .start()
        .unwrap();
    faults.set(call, Fault::Hang);
    scheduler.job(note("job".into())).id("job").add().unwrap();
    match call {
        // A call in progress at that time may not start in time.
        Call::Shutdown => drop(events.wait("JOB_REMOVED job")),
        _ => faults.wait(),
    }
    scheduler.shutdown_timeout(Duration::from_millis(10)).unwrap();
    assert_eq!(scheduler.state(), SchedulerState::Stopped);
    faults.clear();
    scheduler.start().unwrap();
    scheduler.job(note("another".into())).id("another").add().unwrap();
    events.wait("JOB_REMOVED job");
    events.wait("JOB_REMOVED another");
    scheduler.shutdown().unwrap();
    assert_eq!(events.with_prefix("SCHEDULER").len(), 4);
    assert_eq!(log.len(), 2);
}

#[test]
fn a_store_that_hangs_in_a_pass_delays_a_shutdown_by_seconds() {
    hangs_in(Call::NextWakeup);
}

#[tokio::test]
async fn a_hanging_store_leaves_no_pass_after_the_shutdown() {
    let (events, log) = (Recorder::default(), Log::default());
    let store = faulty(MemoryJobStore::new());
    let faults = store.0.faults.clone();
    let scheduler = builder(AsyncScheduler::builder(), &events, &log)
        .job_store("default", MemoryJobStore::new())
        .job_store("hangs", store)
        .executor("default", ThreadPoolExecutor::new(1))
        .start()
        .await
        .unwrap();
    faults.set(Call::NextWakeup, Fault::Hang);
    scheduler.job(note("job".into())).id("job").job_store("hangs").add().await.unwrap();
    let hang = faults.clone();
    tokio::task::spawn_blocking(move || hang.wait()).await.unwrap();
    scheduler.shutdown_timeout(Duration::from_millis(10)).await.unwrap();
    faults.clear();
    tokio::time::timeout(TIMEOUT, scheduler.start()).await.unwrap().unwrap();
    tokio::task::spawn_blocking(move || events.wait("JOB_REMOVED job")).await.unwrap();
    scheduler.shutdown().await.unwrap();
    assert_eq!(log.len(), 1);
}

#[test]
fn a_store_that_does_not_close_delays_a_shutdown_by_seconds() {
    hangs_in(Call::Shutdown);
}

#[tokio::test]
async fn a_cancelled_shutdown_completes_in_the_background() {
    let (events, log) = (Recorder::default(), Log::default());
    let scheduler = builder(AsyncScheduler::builder(), &events, &log)
        .job_store("default", MemoryJobStore::new())
        .executor("default", ThreadPoolExecutor::new(1))
        .start()
        .await
        .unwrap();
    scheduler.job(gated("job".into())).add().await.unwrap();
    let waiting = log.clone();
    tokio::task::spawn_blocking(move || waiting.wait_for_tasks_at_gate(1)).await.unwrap();
    let impatient = tokio::time::timeout(Duration::from_millis(20), scheduler.shutdown()).await;
    assert!(impatient.is_err());
    assert!(!scheduler.is_running());
    log.open_gate();
    scheduler.stopped().await;
    assert_eq!(scheduler.state(), SchedulerState::Stopped);
    events.wait("SCHEDULER_SHUTDOWN");
    assert_eq!(events.with_prefix("JOB_EXECUTED").len(), 1);
}

#[tokio::test]
async fn waiting_for_the_shutdown_returns() {
    let scheduler =
        AsyncScheduler::builder().job_store("default", MemoryJobStore::new()).build().unwrap();
    scheduler.stopped().await;
    scheduler.start().await.unwrap();
    let waiting = scheduler.clone();
    let waiter = tokio::spawn(async move { waiting.stopped().await });
    tokio::task::yield_now().await;
    assert!(!waiter.is_finished());
    scheduler.shutdown().await.unwrap();
    tokio::time::timeout(TIMEOUT, waiter).await.unwrap().unwrap();
}

#[test]
fn a_call_that_fails_once_while_a_store_is_closed_is_repeated() {
    for (call, fault) in [
        (Call::Commit, Fault::NotApplied),
        (Call::Commit, Fault::ResponseLost),
        (Call::Time, Fault::NotApplied),
        (Call::Renew, Fault::NotApplied),
    ] {
        let file = TempStore::new();
        let store = faulty(file.store());
        let faults = store.0.faults.clone();
        let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
        let job = fixture.job(note("job".into())).id("job").recovery(Recovery::Rerun);
        let trigger = IntervalTrigger::hours(1).start_date(at(10));
        fixture.block_on(job.trigger(trigger).add()).unwrap();
        fixture.run_until(10);
        assert_eq!(fixture.log.lines(), ["job@10"]);
        faults.once(call, fault);
        fixture.block_on(fixture.shutdown()).unwrap();

        let next = SchedulerFixture::new(|builder| builder.job_store("default", file.store()));
        next.jump_to(20);
        assert_eq!(next.log.len(), 0, "{call:?} fails {fault:?}: the run is not repeated");
        let entries = next.block_on(next.history(HistoryQuery::new())).unwrap().entries;
        let outcomes: Vec<_> = entries.iter().map(|entry| entry.outcome.name()).collect();
        assert_eq!(outcomes, ["success"], "{call:?} fails {fault:?}");
    }
}
