//! Builders of jobs.

use std::any::Any;
use std::ops::DerefMut;
use std::time::Duration;

use punctual_core::{
    Alias, CallerTransaction, Coalesce, IntoAction, IntoTrigger, JobId, Overlap, Recovery,
    RetryPolicy, Timestamp,
};

use super::new_job::RunAt;
use super::{JobChange, NewJob};

pub(crate) mod sealed {
    /// Prevents implementations in other crates, so that methods can be added to the traits.
    pub trait Sealed {}
}

/// The target to which a [`JobBuilder`] adds its job; implemented by all schedulers and by
/// [`TransactionJobs`](crate::TransactionJobs). It can't be implemented for other types.
pub trait JobSink: sealed::Sealed {
    /// The result of adding a job: a `Result`, or a future of one.
    type Output;

    /// Adds the job.
    fn add(self, job: NewJob) -> Self::Output;
}

/// A [`JobSink`] that can also add jobs in a transaction of the caller; implemented by async schedulers.
pub trait TransactionalJobSink: JobSink {
    /// The result of adding a job in a transaction: a future of a `Result`.
    type TransactionOutput<'t>;

    /// Adds the job in the transaction.
    fn add_in_transaction(
        self,
        job: NewJob,
        transaction: CallerTransaction<'_>,
    ) -> Self::TransactionOutput<'_>;
}

/// Builder for a job; returned by the `job` method of a scheduler, and by [`NewJob::builder`] for `add_jobs`.
///
/// All values are validated immediately when the job is added, before anything is stored.
#[must_use = "a job does nothing until it is added"]
#[derive(Debug)]
pub struct JobBuilder<S> {
    job: NewJob,
    sink: S,
}

impl<S> JobBuilder<S> {
    pub(crate) fn new<M>(call: impl IntoAction<M>, sink: S) -> Self {
        Self { job: NewJob::new(call.into_action()), sink }
    }

    /// Sets the id, which is unique in the store. Default: a random id.
    pub fn id(mut self, id: impl AsRef<str>) -> Self {
        self.job.id = Some(JobId::new(id));
        self
    }

    /// Sets the trigger: a trigger, its builder, or text in the format of crontabs, such as `"*/5 * * * *"`. Without a
    /// trigger the job runs once, immediately.
    pub fn trigger(mut self, trigger: impl IntoTrigger + Send + 'static) -> Self {
        self.job.trigger = Some(Box::new(move |defaults| trigger.into_trigger(defaults)));
        self
    }

    /// Sets the display name. Default: the name of the task.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.edit(|change| change.name(name))
    }

    /// Sets the alias of the job's store. Default: `default`.
    pub fn job_store(mut self, alias: impl AsRef<str>) -> Self {
        self.job.job_store = Alias::new(alias);
        self
    }

    /// Sets the alias of the executor that runs the job. Default: `default`.
    pub fn executor(self, alias: impl AsRef<str>) -> Self {
        self.edit(|change| change.executor(alias))
    }

    /// Sets the maximum delay with which a run may start, at least 1 µs. `None`, the default, means no limit.
    pub fn misfire_grace_time(self, grace: impl Into<Option<Duration>>) -> Self {
        self.edit(|change| change.misfire_grace_time(grace))
    }

    /// Sets how several due run times are handled.
    pub fn coalesce(self, coalesce: Coalesce) -> Self {
        self.edit(|change| change.coalesce(coalesce))
    }

    /// Sets the maximum number of concurrent runs, at least 1.
    pub fn max_instances(self, max_instances: u32) -> Self {
        self.edit(|change| change.max_instances(max_instances))
    }

    /// Sets how runs of terminated processes are handled.
    pub fn recovery(self, recovery: Recovery) -> Self {
        self.edit(|change| change.recovery(recovery))
    }

    /// Sets what happens to fire times while `max_instances` runs are in progress; see [`Overlap`].
    pub fn overlap(self, overlap: impl Into<Option<Overlap>>) -> Self {
        self.edit(|change| change.overlap(overlap))
    }

    /// Sets the maximum number of due fire times that are caught up with [`Coalesce::All`], from 1 to 10,000: the latest ones.
    /// `None`, the default, means no limit.
    pub fn max_catch_up_runs(self, runs: impl Into<Option<u32>>) -> Self {
        self.edit(|change| change.max_catch_up_runs(runs))
    }

    /// Sets the maximum age of the fire times that are caught up, at least 1 µs. `None`, the default, means no limit.
    pub fn max_catch_up_age(self, age: impl Into<Option<Duration>>) -> Self {
        self.edit(|change| change.max_catch_up_age(age))
    }

    /// Sets the maximum duration of a run, at least 1 µs; see [`JobOptions::timeout`](punctual_core::JobOptions::timeout).
    /// `None`, the default, means no limit.
    pub fn timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        self.edit(|change| change.timeout(timeout))
    }

    /// Sets when failed runs are retried. `None`, the default, means that they are not.
    ///
    /// ```
    /// use std::time::Duration;
    /// use punctual_core::{JobContext, RetryPolicy};
    /// use punctual_scheduler::BackgroundScheduler;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let scheduler = BackgroundScheduler::builder().timezone("UTC").build()?;
    /// let job = |context: JobContext| match context.attempt() {
    ///     1 => Err("no connection".to_owned()),
    ///     attempt => Ok(format!("attempt {attempt}")),
    /// };
    /// let policy = RetryPolicy::exponential(Duration::from_secs(1)).jitter(50).max_attempts(5);
    /// scheduler.job(job).retry(policy).add()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn retry(self, policy: impl Into<Option<RetryPolicy>>) -> Self {
        self.edit(|change| change.retry(policy))
    }

    /// Adds a tag, by which jobs are [selected](crate::JobQuery::tag): 1 to 191 characters. A job has at most
    /// [`Tags::MAX`](punctual_core::Tags::MAX).
    pub fn tag(self, tag: impl AsRef<str>) -> Self {
        self.edit(|change| change.add_tag(tag))
    }

    /// Adds several tags; see [`tag`](Self::tag).
    pub fn tags<T: AsRef<str>>(self, tags: impl IntoIterator<Item = T>) -> Self {
        tags.into_iter().fold(self, Self::tag)
    }

    /// Runs the job for the first time when it is added, or at the start if it is pending, and then at the fire times of
    /// its trigger: now, and then hourly. A job that is added again with the same trigger (see
    /// [`replace_existing`](Self::replace_existing)) keeps its next run time.
    ///
    /// ```
    /// use punctual_scheduler::BackgroundScheduler;
    /// use punctual_triggers::IntervalTrigger;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let scheduler = BackgroundScheduler::builder().timezone("UTC").start()?;
    /// scheduler.job(|| {}).trigger(IntervalTrigger::hours(1)).run_immediately().add()?;
    /// # scheduler.shutdown()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_immediately(mut self) -> Self {
        self.job.first_run = RunAt::Immediately;
        self
    }

    /// Sets the first run time, independently of the trigger.
    pub fn next_run_time(mut self, instant: impl Into<Timestamp>) -> Self {
        self.job.first_run = RunAt::Instant(instant.into());
        self
    }

    /// Adds the job in the paused state: it has no next run time until it is resumed.
    pub fn paused(mut self) -> Self {
        (self.job.first_run, self.job.is_resumed) = (RunAt::Paused, false);
        self
    }

    /// Resumes an existing job of the same id that is paused, instead of keeping the pause; see
    /// [`replace_existing`](Self::replace_existing).
    pub fn resumed(mut self) -> Self {
        self.job.is_resumed = true;
        if self.job.first_run == RunAt::Paused {
            self.job.first_run = RunAt::Trigger;
        }
        self
    }

    /// Sets whether an existing job of the same id is replaced; otherwise adding the job fails. If its trigger is the
    /// same, the next run time, the number of runs and a pause (unless it is [`resumed`](Self::resumed)) are kept, so that a
    /// program can add its jobs at every start; otherwise the schedule starts again.
    pub fn replace_existing(mut self, replace: bool) -> Self {
        self.job.replace_existing = replace;
        self
    }

    fn edit(mut self, edit: impl FnOnce(JobChange) -> JobChange) -> Self {
        self.job.change = edit(self.job.change);
        self
    }
}

impl<S: JobSink> JobBuilder<S> {
    /// Adds the job to the scheduler. An async scheduler returns a future.
    #[must_use = "adding can fail"]
    pub fn add(self) -> S::Output {
        self.sink.add(self.job)
    }
}

impl<S: TransactionalJobSink> JobBuilder<S> {
    /// Adds the job in a transaction of the caller: a `sqlx::Transaction`, or a pooled connection on which a
    /// transaction has begun. The transaction must be on the database in which the store keeps its jobs. The job
    /// exists, and runs, only if the transaction commits; see `AsyncScheduler::in_transaction`.
    #[must_use = "adding can fail"]
    pub fn add_in_transaction<'t, T>(self, transaction: &'t mut T) -> S::TransactionOutput<'t>
    where
        T: DerefMut,
        T::Target: Any + Send + Sized,
    {
        self.sink.add_in_transaction(self.job, CallerTransaction::on(&mut **transaction))
    }
}

impl NewJob {
    /// Creates a builder that is not tied to a scheduler.
    pub fn builder<M>(call: impl IntoAction<M>) -> JobBuilder<()> {
        JobBuilder::new(call, ())
    }
}

impl JobBuilder<()> {
    /// Returns the job description, for the `add_jobs` method of a scheduler.
    #[must_use]
    pub fn build(self) -> NewJob {
        self.job
    }
}
