//! Jobs: a task, its arguments, a trigger and options, kept under an id.

mod builder;
mod change;
mod definition;
mod id;
mod options;
mod snapshot;

pub use builder::{CheckedJob, JobBuilder, JobSink, NewJob, RunAt, TransactionalSink};
pub use change::{CheckedChange, JobChange};
pub use definition::JobDefinition;
pub use id::{JobId, JobRef};
pub use options::{Coalesce, JobDefaults, JobOptions, Recovery};
pub use snapshot::{Job, JobProblem, JobState};

use crate::codec::CodecError;
use crate::error::NameError;
use crate::trigger::TriggerError;

/// Why a job could not be made or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The id, the task or an alias is not a valid name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The trigger is not valid.
    #[error("the trigger is not valid")]
    Trigger(#[from] TriggerError),
    /// The arguments can't be written or read.
    #[error("the arguments of the job can't be written or read")]
    Arguments(#[from] CodecError),
    /// An option has a value that it can't have.
    #[error("{field} is {value}: {reason}")]
    #[non_exhaustive]
    Option {
        /// The option, such as `max_instances`.
        field: &'static str,
        /// The value that was given.
        value: String,
        /// What is allowed.
        reason: &'static str,
    },
}
