//! Why a scheduler could not do what it was asked.

use punctual_core::{
    Alias, CheckedJob, ExecutorError, JobError, JobId, NameError, StoreError, StoreErrorKind,
    TaskRegistryError, TriggerError, ZoneError,
};

/// A failure of a scheduler's method, with its source.
///
/// Its text says what failed, and not why; [`error_chain`](punctual_core::error_chain) shows both.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchedulerError {
    /// `start` or a builder's method was called on a scheduler that runs.
    #[error("the scheduler is already running")]
    AlreadyRunning,
    /// The scheduler does not run.
    #[error("the scheduler is not running")]
    NotRunning,
    /// The scheduler is a client only: others run its jobs. To have one run at once, there is
    /// `make_job_due`.
    #[error(
        "this scheduler is a client only and runs no jobs; make_job_due lets others run one at once"
    )]
    ClientOnly,
    /// There is no such job.
    #[error("no job by the id of {0:?} was found")]
    JobNotFound(JobId),
    /// A job of that id exists; see `replace_existing`.
    #[error("job identifier {id:?} conflicts with an existing job in the job store {job_store:?}")]
    #[non_exhaustive]
    JobExists {
        /// The id.
        id: JobId,
        /// The store that has it.
        job_store: Alias,
    },
    /// The trigger has no fire time from now on, so the job would never run.
    #[error("job {id:?} would never run: its trigger {trigger} has no fire time from now on")]
    #[non_exhaustive]
    NeverFires {
        /// The job.
        id: JobId,
        /// The trigger, as listings show it.
        trigger: String,
    },
    /// The job can't be run or changed by this process.
    #[error("job {id:?} can't be used here")]
    #[non_exhaustive]
    Unresolved {
        /// The job.
        id: JobId,
        /// Why.
        #[source]
        problem: std::sync::Arc<punctual_core::JobProblem>,
    },
    /// The job has as many runs under way as it may have.
    #[error("job {0:?} has as many runs under way as max_instances allows")]
    MaxInstances(JobId),
    /// A closure was to be kept by a store that outlives the process.
    #[error(
        "job {id:?} is a closure, which the job store {job_store:?} can't keep: it outlives the process; make it a #[task]"
    )]
    #[non_exhaustive]
    ClosureNotStorable {
        /// The job.
        id: JobId,
        /// The store.
        job_store: Alias,
    },
    /// The job, with its arguments, is larger than the store can keep.
    #[error(
        "job {id:?} takes {size} bytes with its arguments, and the job store {job_store:?} keeps at most {limit}"
    )]
    #[non_exhaustive]
    DefinitionTooLarge {
        /// The id.
        id: JobId,
        /// The store.
        job_store: Alias,
        /// How many bytes it takes.
        size: usize,
        /// How many the store keeps.
        limit: usize,
    },
    /// No job store has this alias.
    #[error("no such job store: {0}")]
    UnknownJobStore(Alias),
    /// No executor has this alias.
    #[error("no such executor: {0}")]
    UnknownExecutor(Alias),
    /// The alias is taken.
    #[error("this scheduler already has {kind} by the alias of {alias:?}")]
    #[non_exhaustive]
    AliasTaken {
        /// `a job store` or `an executor`.
        kind: &'static str,
        /// The alias.
        alias: Alias,
    },
    /// The description of a job is not valid.
    #[error(transparent)]
    Job(#[from] JobError),
    /// A name is not valid.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Two tasks want the same name.
    #[error(transparent)]
    Task(#[from] TaskRegistryError),
    /// A trigger is not valid.
    #[error(transparent)]
    Trigger(#[from] TriggerError),
    /// The zone is not known.
    #[error(transparent)]
    Zone(#[from] ZoneError),
    /// An option of the builder has a value that it can't have.
    #[error("{field} is {value}: {reason}")]
    #[non_exhaustive]
    Option {
        /// The option.
        field: &'static str,
        /// The value that was given.
        value: String,
        /// What is allowed.
        reason: &'static str,
    },
    /// A store failed.
    #[error("job store {job_store} failed")]
    #[non_exhaustive]
    Store {
        /// The store.
        job_store: Alias,
        /// What it said.
        source: StoreError,
    },
    /// An executor failed.
    #[error("executor {executor} failed")]
    #[non_exhaustive]
    Executor {
        /// The executor.
        executor: Alias,
        /// What it said.
        source: ExecutorError,
    },
    /// The scheduler's own thread or runtime could not be started, or is gone.
    #[error("the scheduler's runtime failed")]
    Runtime(#[source] std::io::Error),
}

impl SchedulerError {
    /// There is a job of this id already.
    pub(crate) fn job_exists(job: &CheckedJob) -> Self {
        Self::JobExists { id: job.id.clone(), job_store: job.job_store.clone() }
    }

    /// Whether the same call may succeed later without anything being changed.
    ///
    /// Changes of jobs that meet somebody else's are made once more on top of those by the scheduler itself, so
    /// that a [`Conflict`](StoreErrorKind::Conflict) is an error only after twenty such meetings in a row. It is
    /// retryable here, unlike in a store: a scheduler's methods read the job anew. In a transaction of your own,
    /// which may see the job as it was at the beginning, repeat the transaction.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Store { source, .. } => {
                source.is_retryable() || source.kind() == StoreErrorKind::Conflict
            }
            Self::MaxInstances(_) => true,
            _ => false,
        }
    }
}
