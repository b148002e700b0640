//! The contract between the scheduler and executors.

mod debug;
mod lease;
mod load;
mod prepared;
mod queue;
mod run;
mod run_guard;
mod span;
mod worker;

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

pub use debug::DebugExecutor;
pub use lease::Lease;
pub use load::ExecutorLoad;
pub use prepared::{AsyncRun, BlockingRun, Prepared};
pub use queue::RunQueue;
pub use run::{Run, RunMonitor, RunParts, RunReport, RunSink};
pub use run_guard::is_inside_run;
pub use worker::Worker;

use crate::task::{BoxFuture, TaskName};

/// Executes runs: on threads, on a runtime or in other processes.
///
/// # The contract
///
/// - [`submit`](Self::submit) is synchronous and never blocks: it queues the run.
/// - Every [`Run`] is reported exactly once. The `Run` itself ensures this, also if the task panics or the `Run` is
///   dropped; an executor that runs tasks elsewhere reports with [`Run::finish`].
/// - The scheduler enforces `max_instances` of jobs. An executor limits only its total number of concurrent runs, and
///   queues further ones.
/// - An executor can be [started](Self::start) again after a [`shutdown`](Self::shutdown).
pub trait Executor: Send + Sync + 'static {
    /// Starts the executor. The scheduler calls this method within its tokio runtime, before it submits any run, and
    /// again after each shutdown.
    ///
    /// # Errors
    ///
    /// Returns [`ExecutorError`] if the workers can't be started.
    fn start(&self) -> Result<(), ExecutorError>;

    /// Checks that the executor can run a task. The scheduler calls this method when a job is added or changed, also
    /// before the start. The default implementation accepts all tasks.
    ///
    /// # Errors
    ///
    /// Returns [`ExecutorError::Unsupported`] if every run of the task would be rejected.
    fn check_task(&self, _task: &TaskName) -> Result<(), ExecutorError> {
        Ok(())
    }

    /// Submits a run.
    ///
    /// # Errors
    ///
    /// Returns [`Refused`] with the unreported run and the reason if the executor rejects the run.
    fn submit(&self, run: Run) -> Result<(), Refused>;

    /// Returns the numbers of queued and running runs, or `None` if they are not known. The default implementation
    /// returns `None`.
    fn load(&self) -> Option<ExecutorLoad> {
        None
    }

    /// Stops accepting runs and waits up to `timeout` for the submitted ones to finish. It then drops the runs that
    /// have not started, which are reported as lost, requests the cancellation of the running ones (see
    /// [`JobContext::cancelled`](crate::JobContext::cancelled)), and either detaches them or, where supported,
    /// terminates them after a grace period.
    fn shutdown(&self, timeout: Duration) -> BoxFuture<'_, ()>;
}

impl<E: Executor + ?Sized> Executor for Arc<E> {
    fn start(&self) -> Result<(), ExecutorError> {
        (**self).start()
    }

    fn check_task(&self, task: &TaskName) -> Result<(), ExecutorError> {
        (**self).check_task(task)
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        (**self).submit(run)
    }

    fn load(&self) -> Option<ExecutorLoad> {
        (**self).load()
    }

    fn shutdown(&self, timeout: Duration) -> BoxFuture<'_, ()> {
        (**self).shutdown(timeout)
    }
}

/// A run that an executor rejected, with the reason.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refused {
    /// The run, which has not been reported.
    pub run: Box<Run>,
    /// The reason.
    pub reason: ExecutorError,
}

impl Refused {
    /// Rejects a run.
    #[must_use]
    pub fn new(run: Run, reason: ExecutorError) -> Self {
        Self { run: Box::new(run), reason }
    }
}

/// An error of an executor.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ExecutorError {
    /// The executor has not been started, or is shutting down.
    #[error("the executor is not running")]
    NotRunning,
    /// The queue of the executor is full.
    #[error("the executor's queue is full")]
    QueueFull,
    /// An option has an invalid value.
    #[error("{field} is {value}: {reason}")]
    #[non_exhaustive]
    Option {
        /// The option.
        field: &'static str,
        /// The rejected value.
        value: String,
        /// The violated rule.
        reason: &'static str,
    },
    /// The executor does not support tasks of this kind.
    #[error("the executor can't run this task: {0}")]
    Unsupported(&'static str),
    /// The workers could not be started.
    #[error("the executor's workers could not be started")]
    Start(#[source] Box<dyn std::error::Error + Send + Sync>),
}

crate::error_debug!(ExecutorError);

impl ExecutorError {
    /// Creates [`Option`](Self::Option).
    #[must_use]
    pub fn option(field: &'static str, value: impl Display, reason: &'static str) -> Self {
        Self::Option { field, value: value.to_string(), reason }
    }
}
