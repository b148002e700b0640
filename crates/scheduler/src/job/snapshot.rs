//! Snapshots of jobs.

use std::fmt;
use std::sync::Arc;

use chrono::DateTime;

use punctual_core::{
    Alias, JobDefinition, JobId, JobProblem, JobRecord, Revision, TaskName, Timestamp, Trigger,
    Zone, error_chain,
};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

    /// Returns the next run time as local time in the zone of its trigger, or otherwise in that of the scheduler.
    #[must_use]
    pub fn next_run_local(&self) -> Option<DateTime<Zone>> {
        Some(self.next_run_time?.in_zone(&self.zone))
    }
}

impl fmt::Display for Job {
    /// Formats the job like APScheduler: `name (trigger: interval[0:01:00], next run at: 2026-03-01 12:00:00 EET)`.
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
