//! The contract between the scheduler and what runs its jobs.

mod debug;
mod inside;
mod lease;
mod prepared;
mod queue;
mod run;
mod worker;

use std::sync::Arc;
use std::time::Duration;

pub use debug::DebugExecutor;
pub use inside::inside_run;
pub use lease::Lease;
pub use prepared::{AsyncRun, BlockingRun, Prepared};
pub use queue::RunQueue;
pub use run::{Run, RunParts, RunReport, RunSink};
pub use worker::Worker;

use crate::task::BoxFuture;

/// Runs jobs: on threads, on a runtime, in other processes.
///
/// # The contract
///
/// - [`submit`](Self::submit) is synchronous and never blocks: it queues.
/// - Every [`Run`] is reported exactly once. A `Run` sees to that itself, also when the task panics or
///   the `Run` is dropped; an executor that runs tasks elsewhere reports with [`Run::finish`].
/// - How many runs of a job may be under way is counted by the scheduler; an executor only limits how
///   many it runs at a time, and queues the others.
/// - [`start`](Self::start) after [`shutdown`](Self::shutdown) works.
pub trait Executor: Send + Sync + 'static {
    /// Starts workers. Called within the scheduler's tokio runtime, before any run is submitted, and
    /// again after each shutdown.
    ///
    /// # Errors
    ///
    /// When the workers can't be started.
    fn start(&self) -> Result<(), ExecutorError>;

    /// Takes a run.
    ///
    /// # Errors
    ///
    /// The run comes back, unreported, with the reason why it can't be taken.
    fn submit(&self, run: Run) -> Result<(), Refused>;

    /// Takes no more runs and waits for those under way, at most `timeout`; then asks them to end
    /// (see [`JobContext::cancelled`](crate::JobContext::cancelled)) and leaves them alone, or,
    /// where that can be done, ends them by force after a while. Runs that have not begun by then are
    /// dropped, and so reported as lost.
    fn shutdown(&self, timeout: Duration) -> BoxFuture<'_, ()>;
}

impl<E: Executor + ?Sized> Executor for Arc<E> {
    fn start(&self) -> Result<(), ExecutorError> {
        (**self).start()
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        (**self).submit(run)
    }

    fn shutdown(&self, timeout: Duration) -> BoxFuture<'_, ()> {
        (**self).shutdown(timeout)
    }
}

/// A run that an executor did not take, and why.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refused {
    /// The run, not yet reported.
    pub run: Box<Run>,
    /// Why it was not taken.
    pub reason: ExecutorError,
}

impl Refused {
    /// Gives the run back.
    #[must_use]
    pub fn new(run: Run, reason: ExecutorError) -> Self {
        Self { run: Box::new(run), reason }
    }
}

/// Why an executor can't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecutorError {
    /// It has not been started, or is shutting down.
    #[error("the executor is not running")]
    NotRunning,
    /// It has more queued runs than it may have.
    #[error("the executor's queue is full")]
    QueueFull,
    /// An option has a value that it can't have.
    #[error("{field} is {value}: {reason}")]
    Option {
        /// The option.
        field: &'static str,
        /// The value that was given.
        value: String,
        /// What is allowed.
        reason: &'static str,
    },
    /// It can't run tasks of this kind.
    #[error("the executor can't run this task: {0}")]
    Unsupported(&'static str),
    /// Its workers could not be started.
    #[error("the executor's workers could not be started")]
    Start(#[source] Box<dyn std::error::Error + Send + Sync>),
}
