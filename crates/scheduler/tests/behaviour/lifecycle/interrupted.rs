//! Runs that the timeout of a shutdown cancels.

use std::time::Duration;

use punctual_core::{EventMask, OutcomeKind, Recovery, RetryPolicy};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_scheduler::{BackgroundScheduler, HistoryOptions, HistoryQuery, JobQuery};

use crate::common::{Log, Recorder, TIMEOUT, TempStore, fails_at_gate, gated, interruptible, note};

/// Longer than the runs of these tests need to start, and shorter than they take.
const SHORT: Duration = Duration::from_millis(20);

/// A process on the file.
struct Process {
    scheduler: BackgroundScheduler,
    events: Recorder,
    log: Log,
}

impl Process {
    fn start(file: &TempStore, node: &str) -> Self {
        let (events, log) = (Recorder::default(), Log::default());
        let builder = BackgroundScheduler::builder().timezone("UTC").node_id(node);
        let scheduler = builder
            .app_data(log.clone())
            .listener(EventMask::ALL, events.listener())
            .job_store("default", file.store())
            .history(HistoryOptions::enabled())
            .executor("default", ThreadPoolExecutor::new(2))
            .task(note)
            .task(interruptible)
            .task(gated)
            .task(fails_at_gate)
            .max_retry_delay(Duration::from_millis(50))
            .start()
            .unwrap();
        Self { scheduler, events, log }
    }

    /// Starts a run that returns an error as soon as it is cancelled, and shuts the process down.
    fn interrupt(&self, recovery: Recovery, retry: Option<RetryPolicy>) {
        let job = self.scheduler.job(interruptible("job".into())).id("job");
        job.recovery(recovery).retry(retry).add().unwrap();
        while self.log.len() == 0 {
            std::thread::yield_now();
        }
        self.scheduler.shutdown_timeout(SHORT).unwrap();
        assert_eq!(self.scheduler.active_run_count(), 0, "the shutdown waits for its reaction");
        assert_eq!(self.events.with_prefix("JOB_ERROR"), ["JOB_ERROR job"]);
    }

    /// The outcomes in the history, the latest first.
    fn outcomes(&self) -> Vec<OutcomeKind> {
        let page = self.scheduler.history(HistoryQuery::new()).unwrap();
        page.entries.iter().map(|entry| entry.outcome).collect()
    }
}

#[test]
fn an_interrupted_rerun_run_is_repeated_at_once_although_its_task_failed() {
    let file = TempStore::new();
    // A retry policy makes no difference: it is for failures of the task.
    for retry in [None, Some(RetryPolicy::fixed(TIMEOUT))] {
        let first = Process::start(&file, "first");
        first.interrupt(Recovery::Rerun, retry);
        let second = Process::start(&file, "second");
        second.events.wait("JOB_EXECUTED job");
        second.scheduler.shutdown().unwrap();
        let lines = second.log.lines();
        assert!(lines.len() == 1 && lines[0].ends_with("again 2"), "{lines:?}");
        let third = Process::start(&file, "third");
        assert!(third.scheduler.get_jobs(JobQuery::new()).unwrap().is_empty());
        third.scheduler.shutdown().unwrap();
        assert_eq!(third.log.len(), 0);
    }
}

#[test]
fn a_rerun_run_that_fails_after_the_next_start_is_repeated() {
    let file = TempStore::new();
    let process = Process::start(&file, "same");
    let job = process.scheduler.job(fails_at_gate("job".into())).id("job");
    job.recovery(Recovery::Rerun).add().unwrap();
    process.log.wait_for_tasks_at_gate(1);
    process.scheduler.shutdown_timeout(SHORT).unwrap();
    process.scheduler.start().unwrap();
    process.log.open_gate();
    process.events.wait("JOB_EXECUTED job");
    process.scheduler.shutdown().unwrap();
    assert_eq!(process.events.with_prefix("JOB_ERROR"), ["JOB_ERROR job"]);
    let lines = process.log.lines();
    // The start has raised the attempt of the record.
    assert!(lines.len() == 2 && lines[1].contains("again"), "{lines:?}");
}

#[test]
fn an_interrupted_skip_run_has_failed() {
    let file = TempStore::new();
    let first = Process::start(&file, "first");
    first.interrupt(Recovery::Skip, None);
    let second = Process::start(&file, "second");
    assert_eq!(second.outcomes(), [OutcomeKind::Failed]);
    second.scheduler.shutdown().unwrap();
    assert_eq!(second.log.len(), 0);
}

#[test]
fn a_skip_run_that_outlasts_the_shutdown_is_lost_once() {
    let file = TempStore::new();
    let first = Process::start(&file, "first");
    first.scheduler.job(gated("job".into())).id("job").add().unwrap();
    first.log.wait_for_tasks_at_gate(1);
    first.scheduler.shutdown_timeout(SHORT).unwrap();
    assert_eq!(first.events.with_prefix("JOB_ERROR"), ["JOB_ERROR job"]);
    assert_eq!(first.events.event_lines().last().unwrap(), "SCHEDULER_SHUTDOWN");
    // Its end is not reported any more, also if the scheduler is started again before.
    first.scheduler.start().unwrap();
    first.log.open_gate();
    while first.scheduler.active_run_count() > 0 {
        std::thread::yield_now();
    }
    assert_eq!(first.outcomes(), [OutcomeKind::Lost]);
    first.scheduler.shutdown().unwrap();
    assert!(first.events.with_prefix("JOB_EXECUTED").is_empty());
    assert_eq!(first.events.with_prefix("JOB_ERROR"), ["JOB_ERROR job"]);
}
