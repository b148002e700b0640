//! What happens, told to listeners.

mod killed;
mod mask;
mod outcome;
mod run;

use std::sync::Arc;

pub use killed::Killed;
pub use mask::EventMask;
pub use outcome::OutcomeKind;
pub use run::{MissReason, RunEvent, RunOutcome};

use crate::alias::Alias;
use crate::job::{JobProblem, JobRef};
use crate::store::CorruptRecord;
use crate::time::Timestamp;

/// Something that happened to a scheduler or a job.
///
/// The names are APScheduler's events, and some more that the contract needs. For one run the order is:
/// submitted, then executed, error or missed; the job's removal, if it was its last run, comes after.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The scheduler has started; the jobs that were pending are in their stores.
    SchedulerStarted,
    /// The scheduler has shut down.
    SchedulerShutdown,
    /// The scheduler runs no jobs until it is resumed.
    SchedulerPaused,
    /// The scheduler runs jobs again.
    SchedulerResumed,
    /// An executor was added.
    ExecutorAdded(Alias),
    /// An executor was removed.
    ExecutorRemoved(Alias),
    /// A job store was added.
    JobStoreAdded(Alias),
    /// A job store was removed.
    JobStoreRemoved(Alias),
    /// All jobs were removed: of this store, or, with none, of every store.
    AllJobsRemoved(Option<Alias>),
    /// A job was added or replaced.
    JobAdded(JobRef),
    /// A job left its store: by a call, or because its trigger has no further run.
    JobRemoved(JobRef),
    /// A job was modified, rescheduled, paused or resumed.
    JobModified(JobRef),
    /// The rules of a time zone changed, and with them a job's next run time.
    JobReplanned {
        /// The job.
        job: JobRef,
        /// Its next run time by the old rules.
        from: Timestamp,
        /// Its next run time by the new ones.
        to: Timestamp,
    },
    /// A run ended well.
    JobExecuted(RunEvent),
    /// A run ended with an error, a panic, or because its worker died.
    JobError(RunEvent),
    /// Run times were skipped because it was too late for them.
    JobMissed(SkippedRuns),
    /// A run was handed to its executor.
    JobSubmitted(RunEvent),
    /// A run time was skipped because the job had all the runs under way that it may have.
    JobMaxInstances(SkippedRuns),
    /// Several run times were due and made one.
    JobCoalesced(SkippedRuns),
    /// A run of a dead process was taken over and is run again.
    JobRecovered(RunEvent),
    /// A job in a store can't be run by this process as it is; it stays in the store, untouched, and
    /// runs when it can be run again.
    JobUnresolved {
        /// The job.
        job: JobRef,
        /// Why.
        problem: Arc<JobProblem>,
    },
    /// A store failed; the scheduler goes on trying.
    JobStoreFailed {
        /// The store.
        store: Alias,
        /// What it said.
        error: Arc<crate::store::StoreError>,
    },
    /// A store that had failed works again.
    JobStoreRecovered(Alias),
    /// A store holds something that can't be read: it is left as it is, and everything else goes on.
    RecordCorrupt {
        /// The store.
        store: Alias,
        /// What it is.
        record: CorruptRecord,
    },
    /// This process was silent for longer than its lease in this store: others may have taken its runs over, and
    /// what has begun here may be run again beside it. What has not begun does not begin until it is clear that
    /// it is still this process's.
    LeaseLost(Alias),
    /// An event stream was read too slowly: this many events were dropped from it.
    Lagged(u64),
}

/// Run times of a job that will not be run by themselves, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedRuns {
    /// The job.
    pub job: JobRef,
    /// The first of them.
    pub first: Timestamp,
    /// The last of them; the same when there is one.
    pub last: Timestamp,
    /// Why.
    pub reason: MissReason,
}

impl SkippedRuns {
    /// The run times of `job` from `first` to `last`, both included.
    #[must_use]
    pub fn new(job: JobRef, first: Timestamp, last: Timestamp, reason: MissReason) -> Self {
        Self { job, first, last, reason }
    }

    /// The event that tells of them, by their reason.
    #[must_use]
    pub fn into_event(self) -> Event {
        match self.reason {
            MissReason::TooLate => Event::JobMissed(self),
            MissReason::MaxInstances => Event::JobMaxInstances(self),
            MissReason::Coalesced => Event::JobCoalesced(self),
        }
    }
}

impl Event {
    /// The bit of this kind of event.
    #[must_use]
    pub fn code(&self) -> EventMask {
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
            Self::JobMissed(_) => EventMask::JOB_MISSED,
            Self::JobSubmitted(_) => EventMask::JOB_SUBMITTED,
            Self::JobMaxInstances(_) => EventMask::JOB_MAX_INSTANCES,
            Self::JobCoalesced(_) => EventMask::JOB_COALESCED,
            Self::JobRecovered(_) => EventMask::JOB_RECOVERED,
            Self::JobUnresolved { .. } => EventMask::JOB_UNRESOLVED,
            Self::JobStoreFailed { .. } => EventMask::JOBSTORE_FAILED,
            Self::JobStoreRecovered(_) => EventMask::JOBSTORE_RECOVERED,
            Self::RecordCorrupt { .. } => EventMask::RECORD_CORRUPT,
            Self::LeaseLost(_) => EventMask::LEASE_LOST,
            Self::Lagged(_) => EventMask::LAGGED,
        }
    }
}
