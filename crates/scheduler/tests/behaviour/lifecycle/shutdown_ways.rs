//! Shutdowns from outside, from inside of a job, several at once, with runs that hang, and during an outage: each returns in
//! time, and no run starts after it.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use punctual_core::{EventMask, Executor, JobContext};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_executor_tokio::TokioExecutor;
use punctual_scheduler::{
    BackgroundScheduler, FailureLog, JobContextExt, JobQuery, SchedulerBuilder, SchedulerError,
    SchedulerState,
};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::IntervalTrigger;

use crate::common::{Call, Fault, Log, Recorder, TIMEOUT, TempStore, faulty, note};

const SHORT: Duration = Duration::from_millis(10);

/// The starts of runs, and whether one of them was after a shutdown.
#[derive(Default)]
struct Starts {
    count: AtomicUsize,
    is_shut_down: AtomicBool,
    is_violated: AtomicBool,
}

impl Starts {
    fn note(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.is_violated.fetch_or(self.is_shut_down.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Waits until so many more runs have started.
    fn wait_for(&self, more: usize) {
        let count = self.count.load(Ordering::SeqCst) + more;
        while self.count.load(Ordering::SeqCst) < count {
            thread::yield_now();
        }
    }
}

/// A scheduler on which a run starts every millisecond.
struct Busy {
    scheduler: BackgroundScheduler,
    starts: Arc<Starts>,
    events: Recorder,
}

fn busy(executor: impl Executor) -> Busy {
    let (starts, events) = (Arc::new(Starts::default()), Recorder::default());
    let scheduler = builder(&events)
        .job_store("default", MemoryJobStore::new())
        .executor("default", executor)
        .start()
        .unwrap();
    for _ in 0..4 {
        let starts = Arc::clone(&starts);
        let often = IntervalTrigger::every(Duration::from_millis(1));
        scheduler.job(move || starts.note()).trigger(often).add().unwrap();
    }
    Busy { scheduler, starts, events }
}

fn builder(events: &Recorder) -> SchedulerBuilder<BackgroundScheduler> {
    let shutdowns = EventMask::SCHEDULER_SHUTDOWN;
    BackgroundScheduler::builder()
        .timezone("UTC")
        .failure_log(FailureLog::Off)
        .listener(shutdowns, events.listener())
}

impl Busy {
    /// Shuts down while runs start, checks that none starts afterwards, and starts again.
    fn shut_down_by(&self, shutdown: impl FnOnce(&BackgroundScheduler)) {
        self.starts.wait_for(10);
        self.events.clear();
        shutdown(&self.scheduler);
        self.events.wait("SCHEDULER_SHUTDOWN");
        // The event is emitted at the end, shortly before the shutdown returns.
        while self.scheduler.state() != SchedulerState::Stopped {
            thread::yield_now();
        }
        self.starts.is_shut_down.store(true, Ordering::SeqCst);
        let error = self.scheduler.shutdown().unwrap_err();
        assert!(matches!(error, SchedulerError::NotRunning), "{error}");
        self.starts.is_shut_down.store(false, Ordering::SeqCst);
        self.scheduler.start().unwrap();
        assert!(!self.starts.is_violated.load(Ordering::SeqCst), "a run after the shutdown");
    }
}

fn on_every_executor(test: impl Fn(Busy)) {
    test(busy(ThreadPoolExecutor::new(4)));
    test(busy(TokioExecutor::new()));
}

#[test]
fn no_run_starts_after_a_shutdown_from_outside() {
    on_every_executor(|busy| {
        for _ in 0..20 {
            busy.shut_down_by(|scheduler| scheduler.shutdown().unwrap());
            busy.shut_down_by(|scheduler| scheduler.shutdown_timeout(Duration::ZERO).unwrap());
        }
        busy.scheduler.shutdown().unwrap();
    });
}

#[test]
fn no_run_starts_after_a_shutdown_from_inside_of_a_job() {
    fn stop(context: JobContext) -> Result<(), SchedulerError> {
        context.sync_scheduler().expect("a scheduler").shutdown()
    }
    async fn stop_async(context: JobContext) -> Result<(), SchedulerError> {
        context.scheduler().expect("a scheduler").shutdown().await
    }
    on_every_executor(|busy| {
        for _ in 0..20 {
            busy.shut_down_by(|scheduler| drop(scheduler.job(stop).add().unwrap()));
            busy.shut_down_by(|scheduler| drop(scheduler.job(stop_async).add().unwrap()));
        }
        busy.scheduler.shutdown().unwrap();
    });
}

/// One of them shuts down, and the others return when it has: they find the scheduler stopped.
#[test]
fn several_shutdowns_at_once_return() {
    on_every_executor(|busy| {
        for _ in 0..20 {
            busy.shut_down_by(|scheduler| {
                let results: Vec<_> = thread::scope(|scope| {
                    let calls: Vec<_> =
                        (0..3).map(|_| scope.spawn(|| scheduler.shutdown())).collect();
                    calls.into_iter().map(|call| call.join().unwrap()).collect()
                });
                assert_eq!(scheduler.state(), SchedulerState::Stopped);
                assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
            });
        }
        busy.scheduler.shutdown().unwrap();
    });
}

#[test]
fn runs_that_never_end_do_not_delay_a_shutdown() {
    shut_down_with_hung_runs(|builder| builder, |scheduler| scheduler.shutdown_timeout(SHORT));
}

#[test]
fn the_builder_sets_the_timeout_of_shutdowns() {
    // The maximum: a shutdown that used it would never return.
    let day = Duration::from_secs(86_400);
    shut_down_with_hung_runs(
        |builder| builder.shutdown_timeout(day).shutdown_timeout(SHORT),
        BackgroundScheduler::shutdown,
    );
    shut_down_with_hung_runs(
        |builder| builder.shutdown_timeout(day),
        |scheduler| scheduler.shutdown_timeout(SHORT),
    );
    shut_down_with_hung_runs(
        |builder| builder.shutdown_timeout(SHORT),
        |scheduler| {
            scheduler.remove_executor("threads")?;
            scheduler.shutdown()
        },
    );
    let too_long = builder(&Recorder::default()).shutdown_timeout(day + SHORT).build();
    let error = too_long.unwrap_err().to_string();
    assert_eq!(error, "shutdown_timeout is 86400.01s: it must be at most 1 day");
}

fn shut_down_with_hung_runs(
    options: impl FnOnce(SchedulerBuilder<BackgroundScheduler>) -> SchedulerBuilder<BackgroundScheduler>,
    shut_down: impl FnOnce(&BackgroundScheduler) -> Result<(), SchedulerError>,
) {
    let events = Recorder::default();
    let scheduler = options(builder(&events))
        .executor("threads", ThreadPoolExecutor::new(1))
        .executor("tokio", TokioExecutor::new())
        .start()
        .unwrap();
    let (started, has_started) = std::sync::mpsc::channel();
    for executor in ["threads", "tokio"] {
        let started = started.clone();
        let hung = move || {
            let started = started.clone();
            async move {
                started.send(()).expect("the test");
                pending::<()>().await;
            }
        };
        scheduler.job(hung).executor(executor).add().unwrap();
        has_started.recv_timeout(TIMEOUT).unwrap();
    }
    shut_down(&scheduler).unwrap();
    assert_eq!(scheduler.state(), SchedulerState::Stopped);
}

/// All calls that a running scheduler makes fail, or never return.
fn shut_down_during_an_outage(fault: Fault) {
    let (file, log, events) = (TempStore::new(), Log::default(), Recorder::default());
    let store = faulty(file.store());
    let faults = store.0.faults.clone();
    let scheduler = builder(&events)
        .app_data(log.clone())
        .job_store("default", store)
        .executor("default", ThreadPoolExecutor::new(1))
        .task(note)
        .start()
        .unwrap();
    let often = IntervalTrigger::every(Duration::from_millis(1));
    scheduler.job(note("job".into())).id("job").trigger(often).add().unwrap();
    while log.len() < 10 {
        thread::yield_now();
    }
    let calls = [Call::NextWakeup, Call::ClaimDue, Call::Commit, Call::Time, Call::Renew];
    calls.into_iter().for_each(|call| faults.set(call, fault));
    faults.wait();
    scheduler.shutdown_timeout(SHORT).unwrap();
    assert_eq!(scheduler.state(), SchedulerState::Stopped);
    // After the outage the job continues.
    let before = log.len();
    faults.clear();
    assert_eq!(log.len(), before);
    scheduler.start().unwrap();
    while log.len() < before + 10 {
        thread::yield_now();
    }
    assert_eq!(scheduler.get_jobs(JobQuery::new()).unwrap().len(), 1);
    scheduler.shutdown().unwrap();
}

#[test]
fn a_shutdown_while_all_calls_fail_returns() {
    shut_down_during_an_outage(Fault::NotApplied);
}

#[test]
fn a_shutdown_while_all_calls_hang_returns() {
    shut_down_during_an_outage(Fault::Hang);
}
