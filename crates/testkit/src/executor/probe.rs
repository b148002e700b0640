//! Single runs for what an executor's own tests try beyond the suite.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use punctual_core::{
    Call, JobContext, Run, RunOutcome, RunReport, RunSink, SystemClock, Task, TaskOutput,
};

use super::PATIENCE;
use super::order::Order;
use super::tasks::Piece;

/// Where the end of one run is told.
#[derive(Debug)]
pub struct Ending(Receiver<RunReport>);

/// A run of blocking code.
///
/// ```
/// use punctual_core::{DebugExecutor, Executor};
/// use punctual_testkit::executor::blocking_run;
///
/// let (run, ending) = blocking_run(|context| context.job_id().to_string());
/// DebugExecutor.submit(run).unwrap();
/// assert_eq!(ending.outcome().to_string(), "success: \"job\"");
/// ```
pub fn blocking_run<R: TaskOutput>(
    work: impl Fn(JobContext) -> R + Send + Sync + 'static,
) -> (Run, Ending) {
    run_of(Order::piece(Piece::blocking(work)))
}

/// A run of async code.
///
/// ```
/// use punctual_core::{DebugExecutor, Executor};
/// use punctual_testkit::executor::async_run;
///
/// let (run, ending) = async_run(|_| async { 42 });
/// DebugExecutor.submit(run).unwrap();
/// assert_eq!(ending.outcome().to_string(), "success: 42");
/// ```
pub fn async_run<R: Future<Output: TaskOutput> + Send + 'static>(
    work: impl Fn(JobContext) -> R + Send + Sync + 'static,
) -> (Run, Ending) {
    run_of(Order::piece(Piece::future(work)))
}

/// A run of a task.
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
/// let (run, ending) = task_run(add(40, 2));
/// DebugExecutor.submit(run).unwrap();
/// assert_eq!(ending.outcome().to_string(), "success: 42");
/// ```
pub fn task_run<T: Task>(call: Call<T>) -> (Run, Ending) {
    run_of(Order::call(call))
}

fn run_of(order: Order) -> (Run, Ending) {
    let (sender, receiver) = channel();
    let run = order.into_run(Arc::new(SystemClock), Arc::new(Sink(sender)));
    (run, Ending(receiver))
}

impl Ending {
    /// Waits for the end.
    ///
    /// # Panics
    ///
    /// When there is no report for a long time, or one without an outcome.
    #[must_use]
    #[track_caller]
    pub fn outcome(&self) -> RunOutcome {
        let report = self.0.recv_timeout(PATIENCE).expect("a report");
        report.event.outcome.expect("an outcome")
    }

    /// A report that is there and has not been taken; after the only one there is none.
    #[must_use]
    pub fn further(&self) -> Option<RunOutcome> {
        self.0.try_recv().ok()?.event.outcome
    }
}

struct Sink(Sender<RunReport>);

impl RunSink for Sink {
    fn report(&self, report: RunReport) {
        // The test may have lost interest.
        let _ = self.0.send(report);
    }
}
