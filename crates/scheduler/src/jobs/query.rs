//! Filters for listing jobs.

use punctual_core::{Alias, JobCursor, JobId, JobRef, NameError, Tag, TaskName};

use crate::error::SchedulerError;
use crate::job::{Job, JobState};

/// A filter for listing jobs, and for changing several of them.
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
    tags: Vec<Result<Tag, NameError>>,
    retries: Option<Retries>,
    retries_of: Option<Result<JobId, NameError>>,
    limit: Option<usize>,
    after: Option<JobPosition>,
}

/// The retries and dead letters that a query matches, instead of other jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Retries {
    All,
    Pending,
    Dead,
}

/// The position after a job in a listing.
#[derive(Clone, Debug)]
pub(super) struct JobPosition {
    pub(super) job: JobRef,
    pub(super) cursor: JobCursor,
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

    /// Matches only jobs with this tag, and with those added before.
    pub fn tag(mut self, tag: impl AsRef<str>) -> Self {
        self.tags.push(Tag::new(tag));
        self
    }

    /// Matches only retries: failed runs that wait for their next attempt, or whose next attempt is in progress. Without this
    /// method, [`dead_letters`](Self::dead_letters) and [`retries_of`](Self::retries_of), a query matches neither retries nor
    /// dead letters.
    ///
    /// Each attempt has a retry of its own. A run that passes from one attempt to the next while jobs are listed may be
    /// missing in stores that read jobs one after the other, such as ZooKeeper, and wherever a listing takes several pages.
    pub fn retries(mut self) -> Self {
        self.retries = Some(Retries::Pending);
        self
    }

    /// Matches only dead letters: failed runs for which no further attempt is allowed, and which no user has retried since.
    ///
    /// ```
    /// use punctual_scheduler::{BackgroundScheduler, JobQuery};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let scheduler = BackgroundScheduler::builder().timezone("UTC").start()?;
    /// for letter in scheduler.get_jobs(JobQuery::new().dead_letters())? {
    ///     println!("{} {:?}", letter.id, letter.retry_of().and_then(|run| run.error.as_deref()));
    ///     scheduler.retry_dead_letter(&letter)?;
    /// }
    /// # scheduler.shutdown()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn dead_letters(mut self) -> Self {
        self.retries = Some(Retries::Dead);
        self
    }

    /// Matches only retries and dead letters of this job, or only those that [`retries`](Self::retries) or
    /// [`dead_letters`](Self::dead_letters) matches.
    pub fn retries_of(mut self, job: impl AsRef<str>) -> Self {
        self.retries_of = Some(JobId::new(job));
        self
    }

    /// Starts after this job: the last one of the previous page, whose size is the [limit](Self::limit). A page with
    /// fewer jobs than that is the last one.
    ///
    /// The position is that of the job in the listing when it was read. So a job that is listed by pages while its next
    /// run time changes may be in none of them, or in two.
    ///
    /// ```
    /// use punctual_scheduler::{BackgroundScheduler, JobQuery};
    ///
    /// let scheduler = BackgroundScheduler::builder().timezone("UTC").build()?;
    /// let page = || JobQuery::new().tag("billing").limit(100);
    /// let mut jobs = scheduler.get_jobs(page())?;
    /// while let Some(last) = jobs.last() {
    ///     jobs = scheduler.get_jobs(page().after(last))?;
    /// }
    /// # Ok::<(), punctual_scheduler::SchedulerError>(())
    /// ```
    pub fn after(mut self, last: &Job) -> Self {
        let cursor = JobCursor { next_run_time: last.next_run_time, id: last.id.clone() };
        let job = JobRef::new(last.job_store.clone(), last.id.clone());
        self.after = Some(JobPosition { job, cursor });
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
            tags: self.tags.into_iter().collect::<Result<_, _>>()?,
            retries: self.retries.or(self.retries_of.is_some().then_some(Retries::All)),
            retries_of: self.retries_of.transpose()?,
            after: self.after,
            limit: self.limit.unwrap_or(usize::MAX),
        })
    }
}

/// A query with valid names.
pub(super) struct CheckedQuery {
    pub(super) job_store: Option<Alias>,
    task: Option<TaskName>,
    state: Option<JobState>,
    tags: Vec<Tag>,
    retries: Option<Retries>,
    retries_of: Option<JobId>,
    pub(super) after: Option<JobPosition>,
    pub(super) limit: usize,
}

impl CheckedQuery {
    /// Whether a job matches, regardless of its store and of the limit.
    pub(super) fn matches(&self, job: &Job) -> bool {
        self.task.as_ref().is_none_or(|task| *task == job.task)
            && self.state.is_none_or(|state| state == job.state)
            && self.tags.iter().all(|tag| job.tags().contains(tag.as_str()))
            && match self.retries {
                None => !job.id.is_of_retry(),
                Some(Retries::All) => job.id.is_of_retry(),
                // A dead letter that a user has retried is a retry.
                Some(Retries::Pending) => job.id.is_of_retry() && job.state != JobState::DeadLetter,
                Some(Retries::Dead) => job.state == JobState::DeadLetter,
            }
            && self
                .retries_of
                .as_ref()
                .is_none_or(|id| job.retry_of().is_some_and(|origin| origin.job_id == *id))
    }

    /// Whether only pending jobs match.
    pub(super) fn selects_pending(&self) -> bool {
        self.state == Some(JobState::Pending)
    }

    /// Whether every job of a selected store matches, regardless of the limit, except retries and dead letters.
    pub(super) fn matches_all(&self) -> bool {
        self.task.is_none()
            && self.state.is_none()
            && self.tags.is_empty()
            && self.retries.is_none()
    }
}
