//! Errors.

use punctual_executor_loop::AttachError;
use punctual_scheduler::SchedulerError;

/// A scheduler can't be attached to a loop.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum LoopError {
    /// The loop can't be attached.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// The scheduler can't be started.
    #[error(transparent)]
    Scheduler(#[from] SchedulerError),
}

punctual_core::error_debug!(LoopError);
