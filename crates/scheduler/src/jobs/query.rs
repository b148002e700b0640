//! Filters for listing jobs.

use punctual_core::{Alias, NameError, TaskName};

use crate::error::SchedulerError;
use crate::job::{Job, JobState};

/// A filter for listing jobs.
///
/// ```
/// use punctual_scheduler::{BackgroundScheduler, JobQuery, JobState};
///
/// let scheduler = BackgroundScheduler::builder().timezone("UTC").build()?;
/// let paused = scheduler.get_jobs(JobQuery::new().state(JobState::Paused).limit(20))?;
/// assert!(paused.is_empty());
/// # Ok::<(), punctual_scheduler::SchedulerError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a query does nothing until it is given to a scheduler"]
pub struct JobQuery {
    job_store: Option<Result<Alias, NameError>>,
    task: Option<Result<TaskName, NameError>>,
    state: Option<JobState>,
    limit: Option<usize>,
}

impl JobQuery {
    /// Creates a query that matches all jobs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Matches only jobs in this store.
    pub fn job_store(mut self, alias: impl AsRef<str>) -> Self {
        self.job_store = Some(Alias::new(alias));
        self
    }

    /// Matches only jobs with this task.
    pub fn task(mut self, name: impl AsRef<str>) -> Self {
        self.task = Some(TaskName::new(name));
        self
    }

    /// Matches only jobs in this state.
    pub fn state(mut self, state: JobState) -> Self {
        self.state = Some(state);
        self
    }

    /// Sets the maximum number of jobs. Stores are read page by page until it is reached.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Matches only jobs in this state, unless another one is set.
    pub(super) fn or_state(mut self, state: JobState) -> Self {
        self.state.get_or_insert(state);
        self
    }

    /// The store that is selected, if there is one.
    pub(super) fn selected_store(&self) -> Result<Option<Alias>, NameError> {
        self.job_store.clone().transpose()
    }

    /// Checks that the names are valid.
    pub(super) fn check(self) -> Result<CheckedQuery, SchedulerError> {
        Ok(CheckedQuery {
            job_store: self.job_store.transpose()?,
            task: self.task.transpose()?,
            state: self.state,
            limit: self.limit.unwrap_or(usize::MAX),
        })
    }
}

/// A query with valid names.
pub(super) struct CheckedQuery {
    pub(super) job_store: Option<Alias>,
    task: Option<TaskName>,
    state: Option<JobState>,
    pub(super) limit: usize,
}

impl CheckedQuery {
    /// Whether a job matches, regardless of its store and of the limit.
    pub(super) fn matches(&self, job: &Job) -> bool {
        self.task.as_ref().is_none_or(|task| *task == job.task)
            && self.state.is_none_or(|state| state == job.state)
    }

    /// Whether only pending jobs match.
    pub(super) fn selects_pending(&self) -> bool {
        self.state == Some(JobState::Pending)
    }

    /// Whether every job of a selected store matches, regardless of the limit.
    pub(super) fn matches_all(&self) -> bool {
        self.task.is_none() && self.state.is_none()
    }
}
