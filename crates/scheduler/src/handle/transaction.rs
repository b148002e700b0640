//! Jobs inside a transaction of the caller's.

use std::sync::Arc;

use punctual_core::{
    BoxFuture, CallerTransaction, IntoAction, IntoTrigger, Job, JobBuilder, JobChange, JobSink,
    NewJob,
};

use crate::error::SchedulerError;
use crate::jobs::JobSelector;
use crate::lifecycle::Engine;
use crate::store::StoreAccess;

/// The jobs of a store as a transaction of the caller's sees and changes them, on the database where the
/// store keeps them; from [`AsyncScheduler::in_transaction`](crate::AsyncScheduler::in_transaction).
///
/// The methods are those of the scheduler. Others see what they did when the caller commits, and never if
/// the caller does not. No events tell of it, since nobody here knows how the transaction ends, and
/// schedulers of any process find out as they do of each other's changes: by the database's notification,
/// or at the next poll; in this one, [`wakeup`](crate::AsyncScheduler::wakeup) after the commit makes it
/// look at once.
///
/// # Errors
///
/// All methods fail with [`NotRunning`](SchedulerError::NotRunning) before the scheduler's start, and with
/// a [`Store`](SchedulerError::Store) error when the job's store keeps its jobs elsewhere than in a
/// database of the transaction's kind. After an error of the database's the transaction may be good for
/// a rollback only.
pub struct TransactionJobs<'t> {
    engine: Arc<Engine>,
    place: StoreAccess<'t>,
}

impl<'t> TransactionJobs<'t> {
    pub(crate) fn new(engine: Arc<Engine>, transaction: CallerTransaction<'t>) -> Self {
        Self { engine, place: StoreAccess::Transaction(transaction) }
    }

    /// Describes a job, which its `add` adds; see [`AsyncScheduler::job`](crate::AsyncScheduler::job).
    #[doc(alias = "add_job")]
    pub fn job<M>(&mut self, call: impl IntoAction<M>) -> JobBuilder<&mut Self> {
        JobBuilder::new(call, self)
    }

    /// See [`AsyncScheduler::get_job`](crate::AsyncScheduler::get_job).
    ///
    /// # Errors
    ///
    /// What the store says.
    pub async fn get_job(
        &mut self,
        job: impl Into<JobSelector>,
    ) -> Result<Option<Job>, SchedulerError> {
        self.engine.jobs.get_job(job.into(), &mut self.place).await
    }

    /// See [`AsyncScheduler::modify_job`](crate::AsyncScheduler::modify_job).
    ///
    /// # Errors
    ///
    /// As outside of a transaction.
    pub async fn modify_job(
        &mut self,
        job: impl Into<JobSelector>,
        change: JobChange,
    ) -> Result<Job, SchedulerError> {
        self.engine.jobs.modify_job(job.into(), change, &mut self.place).await
    }

    /// See [`AsyncScheduler::reschedule_job`](crate::AsyncScheduler::reschedule_job).
    ///
    /// # Errors
    ///
    /// As outside of a transaction.
    pub async fn reschedule_job(
        &mut self,
        job: impl Into<JobSelector>,
        trigger: impl IntoTrigger + Send + 'static,
    ) -> Result<Job, SchedulerError> {
        self.engine.jobs.reschedule_job(job.into(), trigger, &mut self.place).await
    }

    /// See [`AsyncScheduler::pause_job`](crate::AsyncScheduler::pause_job).
    ///
    /// # Errors
    ///
    /// As outside of a transaction.
    pub async fn pause_job(&mut self, job: impl Into<JobSelector>) -> Result<Job, SchedulerError> {
        self.engine.jobs.pause_job(job.into(), &mut self.place).await
    }

    /// See [`AsyncScheduler::resume_job`](crate::AsyncScheduler::resume_job).
    ///
    /// # Errors
    ///
    /// As outside of a transaction.
    pub async fn resume_job(&mut self, job: impl Into<JobSelector>) -> Result<Job, SchedulerError> {
        self.engine.jobs.resume_job(job.into(), &mut self.place).await
    }

    /// See [`AsyncScheduler::make_job_due`](crate::AsyncScheduler::make_job_due).
    ///
    /// # Errors
    ///
    /// As outside of a transaction.
    pub async fn make_job_due(
        &mut self,
        job: impl Into<JobSelector>,
    ) -> Result<Job, SchedulerError> {
        self.engine.jobs.make_job_due(job.into(), &mut self.place).await
    }

    /// See [`AsyncScheduler::remove_job`](crate::AsyncScheduler::remove_job).
    ///
    /// # Errors
    ///
    /// As outside of a transaction.
    pub async fn remove_job(&mut self, job: impl Into<JobSelector>) -> Result<(), SchedulerError> {
        self.engine.jobs.remove_job(job.into(), &mut self.place).await
    }
}

impl<'a> JobSink for &'a mut TransactionJobs<'_> {
    type Output = BoxFuture<'a, Result<Job, SchedulerError>>;

    fn add(self, job: NewJob) -> Self::Output {
        Box::pin(async move { self.engine.jobs.add_job_in_transaction(job, &mut self.place).await })
    }
}

impl std::fmt::Debug for TransactionJobs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TransactionJobs").finish_non_exhaustive()
    }
}
