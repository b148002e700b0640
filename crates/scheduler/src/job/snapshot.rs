//! Snapshots of jobs.

use std::fmt;
use std::sync::Arc;

use chrono::DateTime;

use punctual_core::{
    Alias, JobDefinition, JobId, JobProblem, JobRecord, RetryOf, Revision, Tags, TaskName,
    Timestamp, Trigger, Zone, error_chain,
};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// A snapshot of a job at the time of the query. It is not updated afterwards.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Job {
    /// The id, unique in its store.
    pub id: JobId,
    /// The alias of its store.
    pub job_store: Alias,
    /// Its task.
    pub task: TaskName,
    /// The next time computed by its trigger. `None` if the job is paused or finished, or has never been scheduled.
    pub next_run_time: Option<Timestamp>,
    /// When its next run starts: `next_run_time`, or an instant that differs from it by the jitter.
    pub due_at: Option<Timestamp>,
    /// The number of runs that have been started.
    pub fire_count: u64,
    /// The number of its runs that are recorded as in flight ([`Recovery::Rerun`](punctual_core::Recovery::Rerun) only).
    pub in_flight: u32,
    /// The revision, incremented by every update.
    pub revision: Revision,
    /// The state.
    pub state: JobState,
    /// The definition; `None` if this process can't decode it.
    pub definition: Option<Arc<JobDefinition>>,
    /// The trigger; `None` if this process can't restore it.
    pub trigger: Option<Arc<dyn Trigger>>,
    /// The reason why this process can't run the job, if any.
    pub problem: Option<Arc<JobProblem>>,
    /// The time zone in which its times are displayed.
    pub zone: Zone,
}

/// The state of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JobState {
    /// The scheduler has not been started, and adds the job to its store when it starts.
    Pending,
    /// The job has a next run time.
    Scheduled,
    /// The job has no next run time until it is resumed.
    Paused,
    /// The job has no further run times. It is removed when its last run finishes.
    Finished,
    /// The job is a dead letter: a failed run for which no further attempt is allowed.
    DeadLetter,
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pending => "pending",
            Self::Scheduled => "scheduled",
            Self::Paused => "paused",
            Self::Finished => "finished",
            Self::DeadLetter => "dead letter",
        })
    }
}

impl Job {
    /// Creates a snapshot from a record, without the definition and the trigger.
    pub(crate) fn from_record(record: &JobRecord, job_store: Alias, zone: Zone) -> Self {
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
                None if record.id.is_of_dead_letter() => JobState::DeadLetter,
                None => JobState::Paused,
            },
            definition: None,
            trigger: None,
            problem: None,
            zone,
        }
    }

    /// Returns the display name, or the id if the definition can't be decoded.
    #[must_use]
    pub fn name(&self) -> &str {
        self.definition.as_ref().map_or(self.id.as_str(), |definition| &definition.name)
    }

    /// Returns the tags; none if this process can't decode the definition.
    #[must_use]
    pub fn tags(&self) -> &Tags {
        static NONE: Tags = Tags::EMPTY;
        self.definition.as_ref().map_or(&NONE, |definition| &definition.tags)
    }

    /// Returns the run to which the job belongs, if it is a retry or a dead letter.
    #[must_use]
    pub fn retry_of(&self) -> Option<&RetryOf> {
        self.definition.as_ref()?.retry_of.as_deref()
    }

    /// Returns the arguments of its task as JSON; `None` if this process can't decode the definition, or if they are
    /// encoded with bincode, which can't be read without their types.
    ///
    /// They can be confidential. `Debug` and `Display` omit them, and the serialized form contains them.
    #[must_use]
    pub fn args(&self) -> Option<Value> {
        self.definition.as_ref()?.args.decode().ok()
    }

    /// Returns the next run time as local time in the zone of its trigger, or otherwise in that of the scheduler.
    #[must_use]
    pub fn next_run_local(&self) -> Option<DateTime<Zone>> {
        Some(self.next_run_time?.in_zone(&self.zone))
    }
}

impl Serialize for Job {
    /// Serializes the job for listings: times in the format of RFC 3339, the trigger as text, and the arguments as JSON.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let definition = self.definition.as_deref();
        let mut job = serializer.serialize_struct("Job", 16)?;
        job.serialize_field("id", &self.id)?;
        job.serialize_field("job_store", &self.job_store)?;
        job.serialize_field("name", self.name())?;
        job.serialize_field("state", &self.state)?;
        job.serialize_field("task", &self.task)?;
        job.serialize_field("tags", self.tags())?;
        job.serialize_field("args", &self.args())?;
        job.serialize_field("trigger", &self.trigger.as_ref().map(|trigger| trigger.to_string()))?;
        job.serialize_field("next_run_time", &time(self.next_run_time))?;
        job.serialize_field("due_at", &time(self.due_at))?;
        job.serialize_field("executor", &definition.map(|definition| &definition.executor))?;
        job.serialize_field("options", &definition.map(|definition| &definition.options))?;
        job.serialize_field("fire_count", &self.fire_count)?;
        job.serialize_field("in_flight", &self.in_flight)?;
        let problem = self.problem.as_ref().map(|problem| error_chain(problem).to_string());
        job.serialize_field("problem", &problem)?;
        job.serialize_field("retry_of", &self.retry_of())?;
        job.end()
    }
}

impl fmt::Display for Job {
    /// Formats the job like APScheduler: `name (trigger: interval[0:01:00], next run at: 2026-03-01 12:00:00 EET)`. A retry
    /// or a dead letter is described by its own id and that of its job, whose name it has.
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
            (JobState::DeadLetter, None) => f.write_str(", dead letter")?,
            (_, None) => f.write_str(", paused")?,
        }
        if let Some(failed) = self.retry_of() {
            write!(f, ", id: {}, of job: {}", self.id, failed.job_id)?;
        }
        match &self.problem {
            Some(problem) => write!(f, "; {})", error_chain(problem)),
            None => f.write_str(")"),
        }
    }
}
