//! Events emitted to listeners.

mod display;
mod mask;
mod outcome;
mod run;
mod termination;

use std::sync::Arc;
use std::time::Duration;

pub use mask::EventMask;
pub use outcome::OutcomeKind;
pub use run::{RunEvent, RunOutcome, SkipReason};
pub use termination::ProcessTermination;

use crate::alias::Alias;
use crate::job::{JobProblem, JobRef};
use crate::store::{CorruptEntry, RunId, StoreError};
use crate::time::Timestamp;

/// An event of a scheduler or a job.
///
/// The names are those of APScheduler, with some additions. The events of one run are emitted in this order:
/// submitted, then executed, error or missed. If it was the last run of the job, the removal of the job follows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The scheduler has started, and its pending jobs were added to their stores.
    SchedulerStarted,
    /// The scheduler has shut down.
    SchedulerShutdown,
    /// The scheduler was paused and starts no runs until it is resumed.
    SchedulerPaused,
    /// The scheduler was resumed.
    SchedulerResumed,
    /// An executor was added.
    ExecutorAdded(Alias),
    /// An executor was removed.
    ExecutorRemoved(Alias),
    /// A job store was added.
    JobStoreAdded(Alias),
    /// A job store was removed.
    JobStoreRemoved(Alias),
    /// All jobs of the given store, or of every store if `None`, were removed.
    AllJobsRemoved(Option<Alias>),
    /// A job was added or replaced.
    JobAdded(JobRef),
    /// A job was removed, by a call or because its trigger has no further fire time.
    JobRemoved(JobRef),
    /// A job was modified, rescheduled, paused or resumed.
    JobModified(JobRef),
    /// The next run time of a job was recomputed because the rules of its time zone changed.
    #[non_exhaustive]
    JobReplanned {
        /// The job.
        job: JobRef,
        /// The previous next run time.
        from: Timestamp,
        /// The new next run time.
        to: Timestamp,
    },
    /// A run completed successfully.
    JobExecuted(RunEvent),
    /// A run did not complete successfully: the task failed, panicked or was killed, or the executor rejected or lost
    /// the run.
    JobError(RunEvent),
    /// A run has failed, and its next attempt is stored.
    #[non_exhaustive]
    JobRetryScheduled {
        /// The failed attempt.
        run: RunEvent,
        /// When the next attempt starts.
        at: Timestamp,
    },
    /// A run has failed, and no further attempt is allowed. It is kept as a dead letter.
    JobDeadLettered(RunEvent),
    /// Fire times were skipped because they were later than `misfire_grace_time` allows.
    JobMissed(SkippedFireTimes),
    /// A run was submitted to its executor.
    JobSubmitted(RunEvent),
    /// Fire times were skipped because `max_instances` runs of the job were running.
    JobMaxInstances(SkippedFireTimes),
    /// Fire times were skipped because several due ones were coalesced into one run.
    JobCoalesced(SkippedFireTimes),
    /// A run of a terminated process was taken over, or its claim has ended, and it is repeated.
    JobRecovered(RunEvent),
    /// This process can't run a stored job. The job is not modified; it runs once the cause is removed.
    #[non_exhaustive]
    JobUnresolved {
        /// The job.
        job: JobRef,
        /// The reason.
        problem: Arc<JobProblem>,
    },
    /// A store operation failed. The scheduler retries it.
    #[non_exhaustive]
    JobStoreFailed {
        /// The store.
        job_store: Alias,
        /// The error.
        error: Arc<StoreError>,
    },
    /// A store recovered from a failure.
    JobStoreRecovered(Alias),
    /// A stored record could not be decoded. The record is not modified; other records are processed normally.
    RecordCorrupt(CorruptEntry),
    /// The lease of this process in this store expired. Other processes may have taken over its runs, so a run that
    /// has already started may be executed again. Runs that have not started are held until their ownership has been
    /// verified.
    LeaseLost(Alias),
    /// A run blocked the thread of a program's loop for longer than its executor allows: a blocking task as a whole, or
    /// an async task between two waits. Emitted each time, also shortly after the completion of the run.
    #[non_exhaustive]
    LoopBlocked {
        /// The run, without times and outcome.
        run: RunEvent,
        /// The time for which the loop was blocked.
        duration: Duration,
    },
    /// An event stream was read too slowly. Contains the number of events that were dropped from it.
    Lagged(u64),
}

/// A range of fire times of a job that were skipped, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedFireTimes {
    /// The job.
    pub job: JobRef,
    /// The first skipped fire time.
    pub first: Timestamp,
    /// The last skipped fire time; equal to `first` if there is only one.
    pub last: Timestamp,
    /// The reason.
    pub reason: SkipReason,
    /// The run that was submitted for the fire time and not started, because it waited too long in its executor.
    /// `None` if the fire times were skipped before that.
    pub run_id: Option<RunId>,
}

impl SkippedFireTimes {
    /// Creates a value for the fire times of `job` from `first` to `last` (inclusive).
    #[must_use]
    pub fn new(job: JobRef, first: Timestamp, last: Timestamp, reason: SkipReason) -> Self {
        Self { job, first, last, reason, run_id: None }
    }

    /// Creates a value for a submitted run that was not started, because it was too late.
    #[must_use]
    pub fn missed_run(run: RunEvent) -> Self {
        let time = run.scheduled_time;
        let run_id = Some(run.run_id);
        Self { run_id, ..Self::new(run.job, time, time, SkipReason::TooLate) }
    }

    /// Returns the event for the reason.
    #[must_use]
    pub fn into_event(self) -> Event {
        match self.reason {
            SkipReason::TooLate | SkipReason::CatchUpLimit | SkipReason::ScheduleChanged => {
                Event::JobMissed(self)
            }
            SkipReason::MaxInstances => Event::JobMaxInstances(self),
            SkipReason::Coalesced => Event::JobCoalesced(self),
        }
    }
}

impl Event {
    /// Creates [`JobReplanned`](Self::JobReplanned).
    #[must_use]
    pub fn job_replanned(job: JobRef, from: Timestamp, to: Timestamp) -> Self {
        Self::JobReplanned { job, from, to }
    }

    /// Creates [`JobRetryScheduled`](Self::JobRetryScheduled).
    #[must_use]
    pub fn job_retry_scheduled(run: RunEvent, at: Timestamp) -> Self {
        Self::JobRetryScheduled { run, at }
    }

    /// Creates [`JobUnresolved`](Self::JobUnresolved).
    #[must_use]
    pub fn job_unresolved(job: JobRef, problem: Arc<JobProblem>) -> Self {
        Self::JobUnresolved { job, problem }
    }

    /// Creates [`JobStoreFailed`](Self::JobStoreFailed).
    #[must_use]
    pub fn job_store_failed(job_store: Alias, error: Arc<StoreError>) -> Self {
        Self::JobStoreFailed { job_store, error }
    }

    /// Creates [`LoopBlocked`](Self::LoopBlocked).
    #[must_use]
    pub fn loop_blocked(run: RunEvent, duration: Duration) -> Self {
        Self::LoopBlocked { run, duration }
    }

    /// Returns the job of an event about a job or a run.
    ///
    /// ```
    /// use punctual_core::{Event, JobRef};
    ///
    /// # fn example(event: &Event) {
    /// match event.job() {
    ///     Some(JobRef { job_store, job_id, .. }) => println!("{}: {job_store} {job_id}", event.mask()),
    ///     None => println!("{event}"),
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn job(&self) -> Option<&JobRef> {
        match self {
            Self::JobAdded(job)
            | Self::JobRemoved(job)
            | Self::JobModified(job)
            | Self::JobReplanned { job, .. }
            | Self::JobUnresolved { job, .. } => Some(job),
            Self::JobMissed(skipped)
            | Self::JobMaxInstances(skipped)
            | Self::JobCoalesced(skipped) => Some(&skipped.job),
            _ => self.run().map(|run| &run.job),
        }
    }

    /// Returns the run of an event about a run. That of [`JobMissed`](Self::JobMissed) is only known by its id.
    #[must_use]
    pub fn run(&self) -> Option<&RunEvent> {
        match self {
            Self::JobExecuted(run)
            | Self::JobError(run)
            | Self::JobRetryScheduled { run, .. }
            | Self::JobDeadLettered(run)
            | Self::JobSubmitted(run)
            | Self::JobRecovered(run)
            | Self::LoopBlocked { run, .. } => Some(run),
            _ => None,
        }
    }

    /// Returns the event mask with the bit of this kind of event.
    #[must_use]
    pub fn mask(&self) -> EventMask {
        match self {
            Self::SchedulerStarted => EventMask::SCHEDULER_STARTED,
            Self::SchedulerShutdown => EventMask::SCHEDULER_SHUTDOWN,
            Self::SchedulerPaused => EventMask::SCHEDULER_PAUSED,
            Self::SchedulerResumed => EventMask::SCHEDULER_RESUMED,
            Self::ExecutorAdded(_) => EventMask::EXECUTOR_ADDED,
            Self::ExecutorRemoved(_) => EventMask::EXECUTOR_REMOVED,
            Self::JobStoreAdded(_) => EventMask::JOBSTORE_ADDED,
            Self::JobStoreRemoved(_) => EventMask::JOBSTORE_REMOVED,
            Self::AllJobsRemoved(_) => EventMask::ALL_JOBS_REMOVED,
            Self::JobAdded(_) => EventMask::JOB_ADDED,
            Self::JobRemoved(_) => EventMask::JOB_REMOVED,
            Self::JobModified(_) => EventMask::JOB_MODIFIED,
            Self::JobReplanned { .. } => EventMask::JOB_REPLANNED,
            Self::JobExecuted(_) => EventMask::JOB_EXECUTED,
            Self::JobError(_) => EventMask::JOB_ERROR,
            Self::JobRetryScheduled { .. } => EventMask::JOB_RETRY_SCHEDULED,
            Self::JobDeadLettered(_) => EventMask::JOB_DEAD_LETTERED,
            Self::JobMissed(_) => EventMask::JOB_MISSED,
            Self::JobSubmitted(_) => EventMask::JOB_SUBMITTED,
            Self::JobMaxInstances(_) => EventMask::JOB_MAX_INSTANCES,
            Self::JobCoalesced(_) => EventMask::JOB_COALESCED,
            Self::JobRecovered(_) => EventMask::JOB_RECOVERED,
            Self::JobUnresolved { .. } => EventMask::JOB_UNRESOLVED,
            Self::JobStoreFailed { .. } => EventMask::JOBSTORE_FAILED,
            Self::JobStoreRecovered(_) => EventMask::JOBSTORE_RECOVERED,
            Self::RecordCorrupt(_) => EventMask::RECORD_CORRUPT,
            Self::LeaseLost(_) => EventMask::LEASE_LOST,
            Self::LoopBlocked { .. } => EventMask::LOOP_BLOCKED,
            Self::Lagged(_) => EventMask::LAGGED,
        }
    }
}
