//! A job as it was when somebody looked.

use std::fmt;
use std::sync::Arc;

use chrono::DateTime;

use super::{JobDefinition, JobId};
use crate::alias::Alias;
use crate::codec::CodecError;
use crate::error::error_chain;
use crate::store::{JobRecord, Revision};
use crate::task::TaskName;
use crate::time::{Timestamp, Zone};
use crate::trigger::{Trigger, TriggerError};

/// A job as it was when somebody looked; it doesn't follow later changes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Job {
    /// The id, unique in its store.
    pub id: JobId,
    /// The alias of its store.
    pub job_store: Alias,
    /// Its task.
    pub task: TaskName,
    /// The next time that its trigger gives; none when it is paused, finished or has never been
    /// scheduled.
    pub next_run_time: Option<Timestamp>,
    /// When its next run starts: `next_run_time` or a jittered instant near it.
    pub due_at: Option<Timestamp>,
    /// How many runs have been started.
    pub fire_count: u64,
    /// How many of its runs are recorded as under way ([`Recovery::Rerun`](super::Recovery) only).
    pub in_flight: u32,
    /// Counts the changes that users made.
    pub revision: Revision,
    /// What it is waiting for.
    pub state: JobState,
    /// What the user decided; none if this process can't read it.
    pub definition: Option<Arc<JobDefinition>>,
    /// Its trigger; none if this process can't make it.
    pub trigger: Option<Arc<dyn Trigger>>,
    /// Why this process can't run it, if it can't.
    pub problem: Option<Arc<JobProblem>>,
    /// The zone in which its times are shown.
    pub zone: Zone,
}

/// What a job is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobState {
    /// For the scheduler to start, which puts it into its store.
    Pending,
    /// For its next run time.
    Scheduled,
    /// To be resumed.
    Paused,
    /// For its last run to end.
    Finished,
}

/// Why this process can't run a stored job. The job stays as it is, and runs when the cause is gone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobProblem {
    /// No task of this name is registered here.
    #[error("no task named {0} is registered")]
    UnknownTask(TaskName),
    /// No executor has this alias here.
    #[error("no executor has the alias {0}")]
    UnknownExecutor(Alias),
    /// The definition can't be read.
    #[error("its definition can't be read")]
    Undecodable(#[source] CodecError),
    /// The trigger can't be made.
    #[error("its trigger can't be restored")]
    Trigger(#[source] TriggerError),
    /// The arguments are not of the task's type.
    #[error("its arguments don't fit its task")]
    Arguments(#[source] CodecError),
}

impl Job {
    /// The job that a record describes, as far as it could be read.
    #[must_use]
    pub fn from_record(record: &JobRecord, job_store: Alias, zone: Zone) -> Self {
        Self {
            id: record.id.clone(),
            job_store,
            task: record.task.clone(),
            next_run_time: record.next_run_time(),
            due_at: record.schedule.map(|schedule| schedule.due_at),
            fire_count: record.fire_count,
            in_flight: record.in_flight,
            revision: record.revision,
            state: match record.schedule {
                Some(_) => JobState::Scheduled,
                None if record.finished => JobState::Finished,
                None => JobState::Paused,
            },
            definition: None,
            trigger: None,
            problem: None,
            zone,
        }
    }

    /// Its name, or its id if the name can't be read.
    #[must_use]
    pub fn name(&self) -> &str {
        self.definition.as_ref().map_or(self.id.as_str(), |definition| &definition.name)
    }

    /// Its next run time as local time: in its trigger's zone, or else the scheduler's.
    #[must_use]
    pub fn next_run_local(&self) -> Option<DateTime<Zone>> {
        Some(self.next_run_time?.in_zone(&self.zone))
    }
}

impl fmt::Display for Job {
    /// As APScheduler prints it: `name (trigger: interval[0:01:00], next run at: 2026-03-01 12:00:00 EET)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (trigger: ", self.name())?;
        match &self.trigger {
            Some(trigger) => write!(f, "{trigger}")?,
            None => f.write_str("unknown")?,
        }
        match (self.state, self.next_run_local()) {
            (_, Some(time)) => write!(f, ", next run at: {}", time.format("%Y-%m-%d %H:%M:%S %Z"))?,
            (JobState::Pending, None) => f.write_str(", pending")?,
            (JobState::Finished, None) => f.write_str(", finished")?,
            (_, None) => f.write_str(", paused")?,
        }
        match &self.problem {
            Some(problem) => write!(f, "; {})", error_chain(problem)),
            None => f.write_str(")"),
        }
    }
}
