//! Run events and outcomes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::ProcessTermination;
use crate::error::error_chain;
use crate::job::JobRef;
use crate::store::RunId;
use crate::task::{JobContext, TaskError};
use crate::time::Timestamp;

/// A run, with its outcome if it has finished.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunEvent {
    /// The job of the run.
    pub job: JobRef,
    /// The id of the run, unique across all processes.
    pub run_id: RunId,
    /// The time computed by the trigger.
    pub scheduled_time: Timestamp,
    /// The attempt number, starting at 1. A larger number means that an earlier attempt failed and is
    /// [retried](crate::RetryPolicy), or did not finish: its process terminated or lost its lease, or no executor completed the run. Each attempt has one outcome.
    pub attempt: u32,
    /// When the run started; `None` if it has not been started.
    pub started: Option<Timestamp>,
    /// When the run finished; `None` if it has not been started or is still running.
    pub finished: Option<Timestamp>,
    /// The outcome; `None` while the run is queued or running.
    pub outcome: Option<RunOutcome>,
}

impl RunEvent {
    /// Creates an event for the run of a context that has not started.
    #[must_use]
    pub fn of(context: &JobContext) -> Self {
        Self {
            job: JobRef::new(context.job_store().clone(), context.job_id().clone()),
            run_id: context.run_id(),
            scheduled_time: context.scheduled_time(),
            attempt: context.attempt(),
            started: None,
            finished: None,
            outcome: None,
        }
    }
}

/// The outcome of a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RunOutcome {
    /// The task returned this value.
    Success(Value),
    /// The task returned this error.
    Failed(Arc<TaskError>),
    /// The task panicked with this message, or formatting its error panicked.
    Panicked(String),
    /// The stored arguments can't be decoded as the type that the task takes. The task was not executed.
    InvalidArguments(Arc<crate::codec::CodecError>),
    /// The run was dequeued after its `misfire_grace_time` had elapsed. The task was not executed.
    Missed,
    /// The executor rejected the run for this reason. The task was not executed.
    Refused(String),
    /// The process of the run terminated before the run finished.
    Killed(ProcessTermination),
    /// The run exceeded this [timeout](crate::JobOptions::timeout) of its job. What its task returned afterwards is
    /// discarded.
    TimedOut(Duration),
    /// The run was cancelled, by a user or because a later fire time replaced it. What its task returned afterwards is
    /// discarded. The task was not executed if the run has no start time.
    Cancelled,
    /// The executor did not complete the run: a worker terminated, the run was dropped in a shutdown, or it was not
    /// started because its lease had expired.
    Lost,
}

impl RunOutcome {
    /// Returns whether the task returned without an error.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Success(_))
    }

    /// Returns the value that the task returned, as JSON: `null` if it returned nothing. `None` if the run did not
    /// succeed.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        match self {
            Self::Success(value) => Some(value),
            _ => None,
        }
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
            Self::Refused(reason) => write!(f, "rejected by the executor: {reason}"),
            Self::Killed(how) => write!(f, "killed: {how}"),
            Self::TimedOut(timeout) => write!(f, "timed out after {timeout:?}"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Lost => f.write_str("lost: the run did not finish"),
        }
    }
}

/// The reason why run times were skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SkipReason {
    /// The run times were later than `misfire_grace_time` allows.
    TooLate,
    /// The run times are beyond `max_catch_up_runs` or older than `max_catch_up_age`.
    CatchUpLimit,
    /// The job already had `max_instances` running instances.
    MaxInstances,
    /// The run times were coalesced: one run is started for several run times that are due at the same time.
    Coalesced,
    /// The run times were due when a user set another schedule, or paused the job.
    ScheduleChanged,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLate => "later than misfire_grace_time",
            Self::CatchUpLimit => "beyond max_catch_up_runs or max_catch_up_age",
            Self::MaxInstances => "max_instances is reached",
            Self::Coalesced => "coalesced into one run",
            Self::ScheduleChanged => "the schedule was changed before",
        })
    }
}
