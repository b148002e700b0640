//! Errors of schedulers.

use std::sync::Arc;

use punctual_core::{
    Alias, ExecutorError, JobError, JobId, JobProblem, JobRef, NameError, RunId, StoreError,
    StoreErrorKind, TaskName, TaskRegistryError, Timestamp, Trigger, TriggerError, ZoneError,
    similar_names,
};

use crate::import_error::ImportError;
use crate::job::CheckedJob;

/// An error returned by a scheduler.
///
/// Its text does not include its source; [`error_chain`](punctual_core::error_chain) displays both.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SchedulerError {
    /// `start` was called, but the scheduler is not stopped.
    #[error("the scheduler is already running")]
    AlreadyRunning,
    /// The scheduler is not running.
    #[error("the scheduler is not running")]
    NotRunning,
    /// The scheduler is a client, which runs no jobs. `make_job_due` makes a job due for other processes.
    #[error(
        "this scheduler is a client and runs no jobs; use make_job_due to have another process run the job"
    )]
    ClientOnly,
    /// No job has this id.
    #[error("there is no job with the id {id:?}{}", in_store(.job_store.as_ref()))]
    #[non_exhaustive]
    JobNotFound {
        /// The id.
        id: JobId,
        /// The store that was searched; `None` if all were.
        job_store: Option<Alias>,
    },
    /// Several stores contain a job with this id. `("store", "id")` selects one of them.
    #[error(
        "several job stores contain a job with the id {id:?}: {}; select one of them with (\"{}\", {id:?})",
        list(.job_stores), .job_stores.first().map_or("store", Alias::as_str)
    )]
    #[non_exhaustive]
    AmbiguousJob {
        /// The id.
        id: JobId,
        /// The stores that contain it.
        job_stores: Vec<Alias>,
    },
    /// No run with this id is in progress in this process, and no job store is shared with other processes.
    #[error("the run {0} is not in progress")]
    RunNotFound(RunId),
    /// The job is not a dead letter.
    #[error("job {0:?} is not a dead letter, which are listed with JobQuery::dead_letters")]
    NotADeadLetter(JobId),
    /// The job is a retry or a dead letter, whose run belongs to another job.
    #[error("job {0:?} is a retry or a dead letter; use make_job_due to run it now")]
    IsRetry(JobId),
    /// A job with this id exists, and `replace_existing` is not set.
    #[error(
        "job id {id:?} conflicts with an existing job in the job store {job_store:?}; to replace it, or to keep it if \
         it is unchanged, use replace_existing(true)"
    )]
    #[non_exhaustive]
    JobExists {
        /// The id.
        id: JobId,
        /// The store that contains it.
        job_store: Alias,
    },
    /// The trigger has no future fire time, so the job would never run.
    #[error(
        "{} would never run: its trigger {trigger} has no fire time from {now} on{}",
        subject(.id.as_ref()), window(*.start, *.end)
    )]
    #[non_exhaustive]
    NeverFires {
        /// The job; `None` if it is new and its id is random.
        id: Option<JobId>,
        /// The trigger, in the format of its `Display` implementation.
        trigger: String,
        /// The current time.
        now: Timestamp,
        /// The start of the trigger's [window](Trigger::window), if it has one.
        start: Option<Timestamp>,
        /// The end of the trigger's window, if it has one.
        end: Option<Timestamp>,
    },
    /// The job can't be run or changed by this process.
    #[error("job {id:?} in the job store {job_store:?} can't be run or changed by this process")]
    #[non_exhaustive]
    JobUnresolved {
        /// The job.
        id: JobId,
        /// Its store.
        job_store: Alias,
        /// The reason.
        #[source]
        problem: Arc<JobProblem>,
    },
    /// The maximum number of runs of the job are in progress.
    #[error(
        "job {id:?} in the job store {job_store:?} has the maximum number of runs in progress (max_instances)"
    )]
    #[non_exhaustive]
    MaxInstances {
        /// The job.
        id: JobId,
        /// Its store.
        job_store: Alias,
    },
    /// The job can't be moved while runs of it are in progress.
    #[error(
        "job {id:?} in the job store {job_store:?} can't be moved while runs of it are in progress"
    )]
    #[non_exhaustive]
    RunsInProgress {
        /// The job.
        id: JobId,
        /// Its store.
        job_store: Alias,
    },
    /// An export is not valid. Nothing was imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The job is a closure, and its store is persistent. A closure exists only in its process.
    #[error(
        "{} is a closure, which can't be stored in the persistent job store {job_store:?}; use a #[task]",
        subject(.id.as_ref())
    )]
    #[non_exhaustive]
    ClosureNotStorable {
        /// The job; `None` if it is new and its id is random.
        id: Option<JobId>,
        /// The store.
        job_store: Alias,
    },
    /// The job, with its arguments, exceeds the size limit of the store.
    #[error(
        "job {id:?} has {size} bytes with its arguments, but the limit of the job store {job_store:?} is {limit}"
    )]
    #[non_exhaustive]
    DefinitionTooLarge {
        /// The id.
        id: JobId,
        /// The store.
        job_store: Alias,
        /// The size of the job in bytes.
        size: usize,
        /// The maximum size in bytes.
        limit: usize,
    },
    /// No job store has this alias.
    #[error(
        "this scheduler has no job store with the alias {alias:?}{}{}",
        used_by(.job.as_ref()), known_aliases(.alias, .known)
    )]
    #[non_exhaustive]
    UnknownJobStore {
        /// The alias.
        alias: Alias,
        /// The job that uses it; `None` if there is none, or if it is new and its id is random.
        job: Option<JobId>,
        /// The aliases of the scheduler's job stores.
        known: Vec<Alias>,
    },
    /// No executor has this alias.
    #[error(
        "this scheduler has no executor with the alias {alias:?}{}{}",
        used_by(.job.as_ref()), known_aliases(.alias, .known)
    )]
    #[non_exhaustive]
    UnknownExecutor {
        /// The alias.
        alias: Alias,
        /// The job that uses it; `None` if there is none, or if it is new and its id is random.
        job: Option<JobId>,
        /// The aliases of the scheduler's executors.
        known: Vec<Alias>,
    },
    /// The executor can't run the task.
    #[error("the executor {executor:?} can't run the task {task:?}")]
    #[non_exhaustive]
    UnsupportedTask {
        /// The executor.
        executor: Alias,
        /// The task.
        task: TaskName,
        /// The reason.
        source: ExecutorError,
    },
    /// No history of completed runs is kept: it is disabled for the selected stores, or they don't support it.
    #[error(
        "no history of runs is kept{}; enable it with history(HistoryOptions::enabled()) on the scheduler's builder",
        in_store(.job_store.as_ref())
    )]
    #[non_exhaustive]
    NoHistory {
        /// The selected store; `None` if all were.
        job_store: Option<Alias>,
    },
    /// The alias is already in use.
    #[error("this scheduler already has {kind} with the alias {alias:?}")]
    #[non_exhaustive]
    AliasTaken {
        /// `a job store` or `an executor`.
        kind: &'static str,
        /// The alias.
        alias: Alias,
    },
    /// The definition of a job is invalid.
    #[error(transparent)]
    Job(#[from] JobError),
    /// A name is invalid.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Two different tasks have the same name.
    #[error(transparent)]
    Task(#[from] TaskRegistryError),
    /// A trigger is invalid.
    #[error(transparent)]
    Trigger(#[from] TriggerError),
    /// The time zone is unknown.
    #[error(transparent)]
    Zone(#[from] ZoneError),
    /// An option of the builder has an invalid value.
    #[error("{field} is {value}: {reason}")]
    #[non_exhaustive]
    InvalidOption {
        /// The option.
        field: &'static str,
        /// The invalid value.
        value: String,
        /// The allowed values.
        reason: &'static str,
    },
    /// A store failed.
    #[error("job store {job_store} failed")]
    #[non_exhaustive]
    Store {
        /// The store.
        job_store: Alias,
        /// The error of the store.
        source: StoreError,
    },
    /// An executor failed.
    #[error("executor {executor} failed")]
    #[non_exhaustive]
    Executor {
        /// The executor.
        executor: Alias,
        /// The error of the executor.
        source: ExecutorError,
    },
    /// A listing of jobs can't be written.
    #[error("the jobs can't be written")]
    Output(#[source] std::io::Error),
    /// The scheduler's thread or tokio runtime could not be started, or has terminated.
    #[error("the scheduler's runtime failed")]
    RuntimeUnavailable(#[source] std::io::Error),
}

punctual_core::error_debug!(SchedulerError);

impl SchedulerError {
    /// `RuntimeUnavailable` with the text of a panic, which the conversion of tokio's error omits.
    pub(crate) fn runtime_unavailable(
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::RuntimeUnavailable(std::io::Error::other(source))
    }

    /// The error for a job that is not in this store.
    pub(crate) fn job_not_found(id: &JobId, job_store: &Alias) -> Self {
        Self::JobNotFound { id: id.clone(), job_store: Some(job_store.clone()) }
    }

    /// This error with the job that uses the alias, if it is about an unknown alias.
    pub(crate) fn used_by(mut self, user: Option<&JobId>) -> Self {
        if let Self::UnknownJobStore { job, .. } | Self::UnknownExecutor { job, .. } = &mut self {
            *job = user.cloned();
        }
        self
    }

    /// The error for a job that this process can't run or change.
    pub(crate) fn job_unresolved(job: JobRef, problem: Arc<JobProblem>) -> Self {
        Self::JobUnresolved { id: job.job_id, job_store: job.job_store, problem }
    }

    /// The error for a trigger without a fire time from `now` on.
    pub(crate) fn never_fires(id: Option<&JobId>, trigger: &dyn Trigger, now: Timestamp) -> Self {
        let (start, end) = trigger.window();
        Self::NeverFires { id: id.cloned(), trigger: trigger.to_string(), now, start, end }
    }

    /// The error for a job that has the maximum number of runs in progress.
    pub(crate) fn max_instances(job: JobRef) -> Self {
        Self::MaxInstances { id: job.job_id, job_store: job.job_store }
    }

    /// The error for a job whose id is already in use.
    pub(crate) fn job_exists(job: &CheckedJob) -> Self {
        Self::JobExists { id: job.id.clone(), job_store: job.job_store.clone() }
    }

    /// Whether a retry of the same call may succeed.
    ///
    /// A [`Conflict`](StoreErrorKind::Conflict) is retryable here, unlike in a store, because the scheduler reads the
    /// job again. The scheduler itself retries a conflicting change, and returns the error only after 20 attempts. In a
    /// transaction of the caller, which may not see concurrent changes, the transaction must be repeated.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Store { source, .. } => {
                source.is_retryable() || source.kind() == StoreErrorKind::Conflict
            }
            Self::MaxInstances { .. } | Self::RunsInProgress { .. } => true,
            _ => false,
        }
    }
}

/// The beginning of a message about a job, which has no id that the user knows if it is new and its id is random.
fn subject(id: Option<&JobId>) -> String {
    id.map_or_else(|| "the job".to_owned(), |id| format!("job {id:?}"))
}

/// The end of a message about a trigger that is limited to a window.
fn window(start: Option<Timestamp>, end: Option<Timestamp>) -> String {
    match (start, end) {
        (None, None) => String::new(),
        (Some(start), None) => format!("; its start date is {start}"),
        (None, Some(end)) => format!("; its end date is {end}"),
        (Some(start), Some(end)) => format!("; its window is from {start} to {end}"),
    }
}

/// The part of a message about an alias that names the job that uses it.
fn used_by(job: Option<&JobId>) -> String {
    job.map(|id| format!(", which job {id:?} uses")).unwrap_or_default()
}

/// The end of a message about an unknown alias.
fn known_aliases(alias: &Alias, known: &[Alias]) -> String {
    let mut text = String::new();
    if let Some(similar) = similar_names(alias.as_str(), known.iter().map(Alias::as_str)).first() {
        text = format!("; did you mean {similar:?}?");
    }
    if !known.is_empty() {
        text = format!("{text}; known aliases: {}", list(known));
    }
    text
}

fn list(aliases: &[Alias]) -> String {
    aliases.iter().map(Alias::as_str).collect::<Vec<_>>().join(", ")
}

/// The end of a message about a lookup in one store or in all.
fn in_store(job_store: Option<&Alias>) -> String {
    job_store.map(|alias| format!(" in the job store {alias:?}")).unwrap_or_default()
}
