//! Single runs for tests of executors beyond the suite.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use punctual_core::{
    Call, JobContext, Run, RunOutcome, RunReport, RunSink, SystemClock, Task, TaskOutput,
};

use super::WAIT_TIMEOUT;
use super::run_spec::RunSpec;
use super::tasks::ClosureTask;

/// Receives the outcome of one run.
#[derive(Debug)]
pub struct OutcomeReceiver(Receiver<RunReport>);

/// Creates a run of a blocking closure.
///
/// ```
/// use punctual_core::{DebugExecutor, Executor};
/// use punctual_testkit::executor::blocking_run;
///
/// let (run, receiver) = blocking_run(|context| context.job_id().to_string());
/// DebugExecutor.submit(run).unwrap();
/// assert_eq!(receiver.outcome().to_string(), "success: \"job\"");
/// ```
pub fn blocking_run<R: TaskOutput>(
    work: impl Fn(JobContext) -> R + Send + Sync + 'static,
) -> (Run, OutcomeReceiver) {
    run_of(RunSpec::closure(ClosureTask::blocking(work)))
}

/// Creates a run of an async closure.
///
/// ```
/// use punctual_core::{DebugExecutor, Executor};
/// use punctual_testkit::executor::async_run;
///
/// let (run, receiver) = async_run(|_| async { 42 });
/// DebugExecutor.submit(run).unwrap();
/// assert_eq!(receiver.outcome().to_string(), "success: 42");
/// ```
pub fn async_run<R: Future<Output: TaskOutput> + Send + 'static>(
    work: impl Fn(JobContext) -> R + Send + Sync + 'static,
) -> (Run, OutcomeReceiver) {
    run_of(RunSpec::closure(ClosureTask::future(work)))
}

/// Creates a run of a task.
///
/// ```
/// use punctual_core::{DebugExecutor, Executor};
/// use punctual_macros::task;
/// use punctual_testkit::executor::task_run;
///
/// #[task(crate = "punctual_core")]
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// let (run, receiver) = task_run(add(40, 2));
/// DebugExecutor.submit(run).unwrap();
/// assert_eq!(receiver.outcome().to_string(), "success: 42");
/// ```
pub fn task_run<T: Task>(call: Call<T>) -> (Run, OutcomeReceiver) {
    run_of(RunSpec::call(call))
}

fn run_of(spec: RunSpec) -> (Run, OutcomeReceiver) {
    let (sender, receiver) = channel();
    let run = spec.into_run(Arc::new(SystemClock), Arc::new(Sink(sender)));
    (run, OutcomeReceiver(receiver))
}

impl OutcomeReceiver {
    /// Waits for the outcome.
    ///
    /// # Panics
    ///
    /// If the run is not reported within a minute, or its report has no outcome.
    #[must_use]
    #[track_caller]
    pub fn outcome(&self) -> RunOutcome {
        let report = self.0.recv_timeout(WAIT_TIMEOUT).expect("a report");
        report.event.outcome.expect("an outcome")
    }

    /// Returns the outcome of a report that has been received but not returned yet, without waiting.
    #[must_use]
    pub fn try_next(&self) -> Option<RunOutcome> {
        self.0.try_recv().ok()?.event.outcome
    }
}

struct Sink(Sender<RunReport>);

impl RunSink for Sink {
    fn report(&self, report: RunReport) {
        // The test may have dropped the receiver.
        let _ = self.0.send(report);
    }
}
