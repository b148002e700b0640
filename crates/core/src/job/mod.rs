//! Jobs: a task, its arguments, a trigger and options, stored under an id.

mod definition;
mod id;
mod options;
mod problem;
mod retry;
mod stored;
mod tags;

pub use definition::JobDefinition;
pub use id::{JobId, JobRef};
pub use options::{Coalesce, JobOptions, Overlap, Recovery};
pub use problem::JobProblem;
pub use retry::{RetryOf, RetryOn, RetryPolicy};
pub use stored::StoredDefinition;
pub use tags::{Tag, Tags};

use crate::codec::CodecError;
use crate::error::NameError;
use crate::trigger::TriggerError;

/// An invalid job description or update.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The id, the task name or an alias is invalid.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The trigger is invalid.
    #[error(transparent)]
    Trigger(#[from] TriggerError),
    /// The arguments can't be encoded or decoded.
    #[error("the arguments of the job can't be encoded or decoded")]
    Arguments(#[from] CodecError),
    /// An option has an invalid value.
    #[error("{field} is {value}: {reason}")]
    #[non_exhaustive]
    Option {
        /// The option, such as `max_instances`.
        field: &'static str,
        /// The rejected value.
        value: String,
        /// The violated rule.
        reason: &'static str,
    },
}

impl JobError {
    /// Creates the error for a job whose id is that of a retry or a dead letter.
    #[must_use]
    pub fn reserved_id(id: &JobId) -> Self {
        let reason =
            "ids that begin with \"retry:\" or \"dead:\" are those of retries and dead letters";
        Self::Option { field: "id", value: format!("{id:?}"), reason }
    }
}

crate::error_debug!(JobError);
