//! The `JobSink` implementations of schedulers, through which job builders add their jobs.

use std::sync::Arc;

use punctual_core::{BoxFuture, CallerTransaction};

use super::asynchronous::AsyncScheduler;
use super::job_handle::{AsyncJobHandle, JobHandle};
use super::on_runtime::{is_on_runtime, on_runtime};
use super::synchronous::SyncScheduler;
use crate::error::SchedulerError;
use crate::job::sealed::Sealed;
use crate::job::{Job, JobSink, NewJob, TransactionalJobSink};
use crate::store::StoreAccess;

impl Sealed for AsyncScheduler {}

impl JobSink for AsyncScheduler {
    type Output = BoxFuture<'static, Result<AsyncJobHandle, SchedulerError>>;

    fn add(self, job: NewJob) -> Self::Output {
        Box::pin(async move {
            // Usually the future need not be moved.
            let job = if is_on_runtime() {
                self.engine.jobs.add_job(job).await?
            } else {
                let engine = Arc::clone(&self.engine);
                on_runtime(&self.engine, async move { engine.jobs.add_job(job).await }).await?
            };
            Ok(AsyncJobHandle::new(self.engine, job))
        })
    }
}

impl TransactionalJobSink for AsyncScheduler {
    type TransactionOutput<'t> = BoxFuture<'t, Result<Job, SchedulerError>>;

    fn add_in_transaction(
        self,
        job: NewJob,
        transaction: CallerTransaction<'_>,
    ) -> Self::TransactionOutput<'_> {
        let access = StoreAccess::Transaction(transaction);
        Box::pin(async move {
            let mut access = access;
            self.engine.jobs.add_job_in_transaction(job, &mut access).await
        })
    }
}

impl<Mode> Sealed for SyncScheduler<Mode> {}

impl<Mode> JobSink for SyncScheduler<Mode> {
    type Output = Result<JobHandle, SchedulerError>;

    fn add(self, job: NewJob) -> Self::Output {
        let job = self.block(move |engine| async move { engine.jobs.add_job(job).await })?;
        Ok(JobHandle::new(self.engine, job))
    }
}
