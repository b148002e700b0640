//! What happened to a run.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::Killed;
use crate::error::error_chain;
use crate::job::JobRef;
use crate::store::RunId;
use crate::task::{JobContext, TaskError};
use crate::time::Timestamp;

/// A run, and how it ended if it has.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunEvent {
    /// The job.
    pub job: JobRef,
    /// The run; unique across all processes.
    pub run_id: RunId,
    /// The time that the trigger gave.
    pub scheduled_time: Timestamp,
    /// The number of the attempt: 1 for the first. A larger one says that a process claimed or ran this occurrence
    /// before and died, or seemed to, or that no executor brought it to an end.
    /// Each attempt has one end.
    pub attempt: u32,
    /// When it began, if it did.
    pub started: Option<Timestamp>,
    /// When it ended, if it did.
    pub finished: Option<Timestamp>,
    /// How it ended; none while it is under way.
    pub outcome: Option<RunOutcome>,
}

impl RunEvent {
    /// The run of this context, which has not begun.
    #[must_use]
    pub fn of(context: &JobContext) -> Self {
        Self {
            job: JobRef {
                job_id: context.job_id().clone(),
                job_store: context.job_store().clone(),
            },
            run_id: context.run_id(),
            scheduled_time: context.scheduled_time(),
            attempt: context.attempt(),
            started: None,
            finished: None,
            outcome: None,
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RunOutcome {
    /// The task returned this value.
    Success(Value),
    /// The task returned this error.
    Failed(Arc<TaskError>),
    /// The task panicked with this message; or its error did, when it was asked for its text.
    Panicked(String),
    /// The arguments in the store are not of the task's type; nothing was run.
    InvalidArguments(Arc<crate::codec::CodecError>),
    /// It was its turn only when it was too late for `misfire_grace_time`; nothing was run.
    Missed,
    /// The executor did not take it, for this reason; nothing was run.
    Refused(String),
    /// The process that it ran in came to its end first.
    Killed(Killed),
    /// The executor lost it: a worker died, or a shutdown dropped it.
    Lost,
}

impl RunOutcome {
    /// Whether the task ran and returned without an error.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Success(_))
    }
}

impl fmt::Display for RunOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success(Value::Null) => f.write_str("success"),
            Self::Success(value) => write!(f, "success: {value}"),
            Self::Failed(error) => write!(f, "error: {}", error_chain(&***error)),
            Self::Panicked(message) => write!(f, "panic: {message}"),
            Self::InvalidArguments(error) => write!(f, "invalid arguments: {}", error_chain(error)),
            Self::Missed => f.write_str("missed: it was too late to start"),
            Self::Refused(reason) => write!(f, "refused by the executor: {reason}"),
            Self::Killed(how) => write!(f, "killed: {how}"),
            Self::Lost => f.write_str("lost: the worker died or was shut down"),
        }
    }
}

/// Why run times were skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MissReason {
    /// Later than `misfire_grace_time`.
    TooLate,
    /// As many runs under way as `max_instances` allows.
    MaxInstances,
    /// Another run time of the same job, due at the same pass, runs for them.
    Coalesced,
}

impl fmt::Display for MissReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLate => "later than misfire_grace_time",
            Self::MaxInstances => "max_instances runs are under way",
            Self::Coalesced => "coalesced into one run",
        })
    }
}
