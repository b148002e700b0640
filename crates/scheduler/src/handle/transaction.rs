//! Jobs inside a transaction of the caller.

use std::sync::Arc;

use punctual_core::{BoxFuture, CallerTransaction, IntoAction, IntoTrigger};

use crate::error::SchedulerError;
use crate::job::sealed::Sealed;
use crate::job::{Job, JobBuilder, JobChange, JobSink, NewJob};
use crate::jobs::JobSelector;
use crate::lifecycle::Engine;
use crate::store::StoreAccess;

/// Methods that read and change jobs inside a database transaction of the caller; returned by
/// [`AsyncScheduler::in_transaction`](crate::AsyncScheduler::in_transaction).
///
/// The methods are those of the scheduler. Their changes become visible when the caller commits.
///
/// No events are emitted, because the outcome of the transaction is not known to the scheduler. All schedulers,
/// including this one, detect the changes by a notification of the database or at the next poll. To run a job without
/// this delay, call [`wakeup`](crate::AsyncScheduler::wakeup) after the commit.
///
/// # Errors
///
/// All methods fail with [`NotRunning`](SchedulerError::NotRunning) before the start of the scheduler, and with a
/// [`Store`](SchedulerError::Store) error if the job's store does not support transactions of this type. After a
/// database error, it may only be possible to roll the transaction back.
pub struct TransactionJobs<'t> {
    engine: Arc<Engine>,
    access: StoreAccess<'t>,
}

impl<'t> TransactionJobs<'t> {
    pub(crate) fn new(engine: Arc<Engine>, transaction: CallerTransaction<'t>) -> Self {
        Self { engine, access: StoreAccess::Transaction(transaction) }
    }

    /// Returns a builder for a job, which is added by its `add` method; see
    /// [`AsyncScheduler::job`](crate::AsyncScheduler::job).
    #[doc(alias = "add_job")]
    pub fn job<M>(&mut self, call: impl IntoAction<M>) -> JobBuilder<&mut Self> {
        JobBuilder::new(call, self)
    }

    /// See [`AsyncScheduler::get_job`](crate::AsyncScheduler::get_job).
    ///
    /// # Errors
    ///
    /// A [`Store`](SchedulerError::Store) error.
    pub async fn get_job(
        &mut self,
        job: impl Into<JobSelector>,
    ) -> Result<Option<Job>, SchedulerError> {
        self.engine.jobs.get_job(job.into(), &mut self.access).await
    }

    /// See [`AsyncScheduler::modify_job`](crate::AsyncScheduler::modify_job).
    ///
    /// # Errors
    ///
    /// The same as outside of a transaction.
    pub async fn modify_job(
        &mut self,
        job: impl Into<JobSelector>,
        change: JobChange,
    ) -> Result<Job, SchedulerError> {
        self.engine.jobs.modify_job(job.into(), change, &mut self.access).await
    }

    /// See [`AsyncScheduler::reschedule_job`](crate::AsyncScheduler::reschedule_job).
    ///
    /// # Errors
    ///
    /// The same as outside of a transaction.
    pub async fn reschedule_job(
        &mut self,
        job: impl Into<JobSelector>,
        trigger: impl IntoTrigger + Send + 'static,
    ) -> Result<Job, SchedulerError> {
        self.engine.jobs.reschedule_job(job.into(), trigger, &mut self.access).await
    }

    /// See [`AsyncScheduler::pause_job`](crate::AsyncScheduler::pause_job).
    ///
    /// # Errors
    ///
    /// The same as outside of a transaction.
    pub async fn pause_job(&mut self, job: impl Into<JobSelector>) -> Result<Job, SchedulerError> {
        self.engine.jobs.pause_job(job.into(), &mut self.access).await
    }

    /// See [`AsyncScheduler::resume_job`](crate::AsyncScheduler::resume_job).
    ///
    /// # Errors
    ///
    /// The same as outside of a transaction.
    pub async fn resume_job(&mut self, job: impl Into<JobSelector>) -> Result<Job, SchedulerError> {
        self.engine.jobs.resume_job(job.into(), &mut self.access).await
    }

    /// See [`AsyncScheduler::make_job_due`](crate::AsyncScheduler::make_job_due).
    ///
    /// # Errors
    ///
    /// The same as outside of a transaction.
    pub async fn make_job_due(
        &mut self,
        job: impl Into<JobSelector>,
    ) -> Result<Job, SchedulerError> {
        self.engine.jobs.make_job_due(job.into(), &mut self.access).await
    }

    /// See [`AsyncScheduler::remove_job`](crate::AsyncScheduler::remove_job).
    ///
    /// # Errors
    ///
    /// The same as outside of a transaction.
    pub async fn remove_job(&mut self, job: impl Into<JobSelector>) -> Result<(), SchedulerError> {
        self.engine.jobs.remove_job(job.into(), &mut self.access).await
    }
}

impl Sealed for &mut TransactionJobs<'_> {}

impl<'a> JobSink for &'a mut TransactionJobs<'_> {
    type Output = BoxFuture<'a, Result<Job, SchedulerError>>;

    fn add(self, job: NewJob) -> Self::Output {
        Box::pin(
            async move { self.engine.jobs.add_job_in_transaction(job, &mut self.access).await },
        )
    }
}

impl std::fmt::Debug for TransactionJobs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TransactionJobs").finish_non_exhaustive()
    }
}
