//! Making a job.

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

/// When a job that is being added runs first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunAt {
    /// When its trigger says.
    #[default]
    Trigger,
    /// At this instant, and then when its trigger says.
    Instant(Timestamp),
    /// Not before it is resumed.
    Paused,
}

/// Takes a finished [`JobBuilder`]; implemented by schedulers.
pub trait JobSink {
    /// What adding answers: a `Result`, or a future of one.
    type Output;

    /// Adds the job.
    fn add(self, job: NewJob) -> Self::Output;
}

/// A [`JobSink`] that also adds jobs inside a transaction of the caller's; implemented by async schedulers.
pub trait TransactionalSink: JobSink {
    /// What adding answers: a future of a `Result`.
    type TransactionOutput<'t>;

    /// Adds the job inside the transaction.
    fn add_in_transaction(
        self,
        job: NewJob,
        transaction: CallerTransaction<'_>,
    ) -> Self::TransactionOutput<'_>;
}

/// Describes a job; made by a scheduler's `job`, or by [`NewJob::builder`] to add many at once.
///
/// Everything is checked when the job is added, at once and before anything is stored.
#[must_use = "a job does nothing until it is added"]
#[derive(Debug)]
pub struct JobBuilder<S> {
    job: NewJob,
    sink: S,
}

impl<S> JobBuilder<S> {
    /// A job that does `call` and will be added to `sink`.
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

    /// The id, unique in the store; without one the job gets a random one.
    pub fn id(mut self, id: impl AsRef<str>) -> Self {
        self.job.id = Some(JobId::new(id));
        self
    }

    /// When it runs; without a trigger it runs once, now.
    pub fn trigger(self, trigger: impl IntoTrigger + Send + 'static) -> Self {
        self.edit(|change| change.trigger(trigger))
    }

    /// A name for people; without one, the task's.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.edit(|change| change.name(name))
    }

    /// The alias of the store that keeps it; `default` without one.
    pub fn job_store(mut self, alias: impl AsRef<str>) -> Self {
        self.job.job_store = Alias::new(alias);
        self
    }

    /// The alias of the executor that runs it; `default` without one.
    pub fn executor(self, alias: impl AsRef<str>) -> Self {
        self.edit(|change| change.executor(alias))
    }

    /// How late a run may start, at least a microsecond; `None`: however late, which is the default.
    pub fn misfire_grace_time(self, grace: impl Into<Option<Duration>>) -> Self {
        self.edit(|change| change.misfire_grace_time(grace))
    }

    /// What becomes of several due run times.
    pub fn coalesce(self, coalesce: Coalesce) -> Self {
        self.edit(|change| change.coalesce(coalesce))
    }

    /// How many runs may be under way at the same time; at least 1.
    pub fn max_instances(self, max_instances: u32) -> Self {
        self.edit(|change| change.max_instances(max_instances))
    }

    /// What becomes of runs whose process dies.
    pub fn recovery(self, recovery: Recovery) -> Self {
        self.edit(|change| change.recovery(recovery))
    }

    /// When it runs first, whatever its trigger says.
    pub fn next_run_time(mut self, instant: impl Into<Timestamp>) -> Self {
        self.job.first_run = RunAt::Instant(instant.into());
        self
    }

    /// Adds the job without a next run time: it waits to be resumed.
    pub fn paused(mut self) -> Self {
        self.job.first_run = RunAt::Paused;
        self
    }

    /// Whether a job of the same id is replaced instead of being an error. If nothing about it changed,
    /// its next run time stays, so that a program can add its jobs each time it starts.
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
    /// Adds the job to the scheduler. An async scheduler answers with a future.
    #[must_use = "adding can fail"]
    pub fn add(self) -> S::Output {
        self.sink.add(self.job)
    }
}

impl<S: TransactionalSink> JobBuilder<S> {
    /// Adds the job inside a transaction of one's own, on the database where the store keeps its jobs:
    /// a `sqlx::Transaction`, or a connection from a pool on which one has begun. The job is there, and
    /// runs, if the transaction commits; see `AsyncScheduler::in_transaction`.
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
    /// The description, for a scheduler's `add_jobs`.
    #[must_use]
    pub fn build(self) -> NewJob {
        self.job
    }
}

/// A described job, not yet checked.
#[derive(Debug)]
pub struct NewJob {
    id: Option<Result<JobId, NameError>>,
    job_store: Result<Alias, NameError>,
    replace_existing: bool,
    first_run: RunAt,
    change: JobChange,
}

impl NewJob {
    /// Describes a job without adding it.
    pub fn builder<M>(call: impl IntoAction<M>) -> JobBuilder<()> {
        JobBuilder::new(call, ())
    }

    /// The alias of the store that is to keep it, if that is a valid one.
    #[must_use]
    pub fn job_store(&self) -> Option<&Alias> {
        self.job_store.as_ref().ok()
    }

    /// Checks everything; for schedulers. `run_now` makes the trigger of a job that has none.
    ///
    /// # Errors
    ///
    /// For the first thing that is not valid.
    pub fn check(
        self,
        job_defaults: &JobDefaults,
        trigger_defaults: &TriggerDefaults,
        codec: Codec,
        run_now: impl FnOnce(&TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError>,
    ) -> Result<CheckedJob, JobError> {
        let id = self.id.transpose()?.unwrap_or_else(JobId::random);
        let job_store = self.job_store?;
        let mut change = self.change;
        if !change.has_trigger() {
            change = change.trigger(run_now(trigger_defaults)?);
        }
        let blank = JobDefinition::blank(job_defaults.clone());
        let change = change.check(trigger_defaults, codec)?;
        let mut definition = change.apply(blank)?;
        let (Some(registration), Some(trigger)) =
            (change.registration().cloned(), change.trigger().cloned())
        else {
            unreachable!("a new job has a call, and a trigger was put in above");
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

/// A described job that has been checked; for schedulers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckedJob {
    /// The id, unique in the store.
    pub id: JobId,
    /// The alias of the store.
    pub job_store: Alias,
    /// Whether a job of the same id is replaced.
    pub replace_existing: bool,
    /// When it runs first.
    pub first_run: RunAt,
    /// What will be stored.
    pub definition: JobDefinition,
    /// The task to make known.
    pub registration: TaskRegistration,
    /// When it runs.
    pub trigger: Arc<dyn Trigger>,
}

impl CheckedJob {
    /// The job's name in the scheduler.
    #[must_use]
    pub fn reference(&self) -> JobRef {
        JobRef { job_id: self.id.clone(), job_store: self.job_store.clone() }
    }
}

impl JobDefinition {
    /// What a new job is before its description is applied.
    fn blank(options: JobDefaults) -> Self {
        Self::new(
            TaskName::blank(),
            crate::codec::Encoded::from(Vec::new()),
            crate::trigger::TriggerSpec::blank(),
            String::new(),
            Alias::default(),
            options,
        )
    }
}
