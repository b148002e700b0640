//! Builders of jobs.

use std::any::Any;
use std::ops::DerefMut;
use std::sync::Arc;
use std::time::Duration;

use super::{Coalesce, JobChange, JobDefaults, JobDefinition, JobError, JobId, JobRef, Recovery};
use crate::alias::Alias;
use crate::codec::Codec;
use crate::error::NameError;
use crate::store::CallerTransaction;
use crate::task::{IntoAction, TaskName, TaskRegistration};
use crate::time::Timestamp;
use crate::trigger::{IntoTrigger, Trigger, TriggerDefaults, TriggerError};

/// When a new job runs for the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunAt {
    /// At the first fire time of its trigger.
    #[default]
    Trigger,
    /// At this instant, and then at the fire times of its trigger.
    Instant(Timestamp),
    /// Not before the job is resumed.
    Paused,
}

/// The target to which a [`JobBuilder`] adds its job; implemented by schedulers.
pub trait JobSink {
    /// The result of adding a job: a `Result`, or a future of one.
    type Output;

    /// Adds the job.
    fn add(self, job: NewJob) -> Self::Output;
}

/// A [`JobSink`] that can also add jobs in a transaction of the caller; implemented by async schedulers.
pub trait TransactionalSink: JobSink {
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
    /// Creates a builder for a job that runs `call` and is added to `sink`.
    pub fn new<M>(call: impl IntoAction<M>, sink: S) -> Self {
        let job = NewJob {
            id: None,
            job_store: Ok(Alias::default()),
            replace_existing: false,
            first_run: RunAt::Trigger,
            change: JobChange::new().call(call),
        };
        Self { job, sink }
    }

    /// Sets the id, which is unique in the store. Default: a random id.
    pub fn id(mut self, id: impl AsRef<str>) -> Self {
        self.job.id = Some(JobId::new(id));
        self
    }

    /// Sets the trigger. Without a trigger the job runs once, immediately.
    pub fn trigger(self, trigger: impl IntoTrigger + Send + 'static) -> Self {
        self.edit(|change| change.trigger(trigger))
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

    /// Sets the first run time, independently of the trigger.
    pub fn next_run_time(mut self, instant: impl Into<Timestamp>) -> Self {
        self.job.first_run = RunAt::Instant(instant.into());
        self
    }

    /// Adds the job in the paused state: it has no next run time until it is resumed.
    pub fn paused(mut self) -> Self {
        self.job.first_run = RunAt::Paused;
        self
    }

    /// Sets whether an existing job of the same id is replaced; otherwise adding the job fails. If the definition is
    /// unchanged, the next run time is kept, so that a program can add its jobs at every start.
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

impl<S: TransactionalSink> JobBuilder<S> {
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

impl JobBuilder<()> {
    /// Returns the job description, for the `add_jobs` method of a scheduler.
    #[must_use]
    pub fn build(self) -> NewJob {
        self.job
    }
}

/// The description of a job, not yet validated.
#[derive(Debug)]
pub struct NewJob {
    id: Option<Result<JobId, NameError>>,
    job_store: Result<Alias, NameError>,
    replace_existing: bool,
    first_run: RunAt,
    change: JobChange,
}

impl NewJob {
    /// Creates a builder that is not tied to a scheduler.
    pub fn builder<M>(call: impl IntoAction<M>) -> JobBuilder<()> {
        JobBuilder::new(call, ())
    }

    /// Returns the alias of the store, if it is valid.
    #[must_use]
    pub fn job_store(&self) -> Option<&Alias> {
        self.job_store.as_ref().ok()
    }

    /// Validates the description, for schedulers. `default_trigger` creates the trigger of a job without one.
    ///
    /// # Errors
    ///
    /// Returns [`JobError`] for the first invalid value.
    pub fn check(
        self,
        job_defaults: &JobDefaults,
        trigger_defaults: &TriggerDefaults,
        codec: Codec,
        default_trigger: impl FnOnce(&TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError>,
    ) -> Result<CheckedJob, JobError> {
        let id = self.id.transpose()?.unwrap_or_else(JobId::random);
        let job_store = self.job_store?;
        let mut change = self.change;
        if !change.has_trigger() {
            change = change.trigger(default_trigger(trigger_defaults)?);
        }
        let placeholder = JobDefinition::placeholder(job_defaults.clone());
        let change = change.check(trigger_defaults, codec)?;
        let mut definition = change.apply(placeholder)?;
        let (Some(registration), Some(trigger)) =
            (change.registration().cloned(), change.trigger().cloned())
        else {
            unreachable!("a new job has a call, and its trigger was set above");
        };
        if definition.name.is_empty() {
            definition.name =
                if registration.is_transient() { "closure" } else { definition.task.as_str() }
                    .to_owned();
        }
        Ok(CheckedJob {
            id,
            job_store,
            replace_existing: self.replace_existing,
            first_run: self.first_run,
            definition,
            registration,
            trigger,
        })
    }
}

/// A validated job description, for schedulers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckedJob {
    /// The id, unique in the store.
    pub id: JobId,
    /// The alias of the store.
    pub job_store: Alias,
    /// Whether an existing job of the same id is replaced.
    pub replace_existing: bool,
    /// When the job runs for the first time.
    pub first_run: RunAt,
    /// The definition to store.
    pub definition: JobDefinition,
    /// The task to register.
    pub registration: TaskRegistration,
    /// The trigger.
    pub trigger: Arc<dyn Trigger>,
}

impl CheckedJob {
    /// Returns the job's id and store.
    #[must_use]
    pub fn reference(&self) -> JobRef {
        JobRef::new(self.job_store.clone(), self.id.clone())
    }
}

impl JobDefinition {
    /// Creates the empty definition to which the description of a new job is applied.
    fn placeholder(options: JobDefaults) -> Self {
        Self::new(
            TaskName::placeholder(),
            crate::codec::Encoded::from(Vec::new()),
            crate::trigger::TriggerSpec::placeholder(),
            String::new(),
            Alias::default(),
            options,
        )
    }
}
