//! The reasons why a job can't be run.

use crate::alias::Alias;
use crate::codec::CodecError;
use crate::task::TaskName;
use crate::trigger::TriggerError;

/// The reason why this process can't run a stored job. The job is not modified; it runs once the cause is removed.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum JobProblem {
    /// No task of this name is registered in this process.
    #[error("no task named {0} is registered")]
    UnknownTask(TaskName),
    /// This scheduler has no executor with this alias.
    #[error("no executor has the alias {0}")]
    UnknownExecutor(Alias),
    /// The definition can't be decoded.
    #[error("its definition can't be read")]
    Undecodable(#[source] CodecError),
    /// The trigger can't be restored.
    #[error("its trigger can't be restored")]
    Trigger(#[source] TriggerError),
    /// The arguments can't be decoded as the type that the task takes.
    #[error("its arguments don't fit its task")]
    Arguments(#[source] CodecError),
}

crate::error_debug!(JobProblem);
