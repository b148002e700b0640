//! The `JobSink` implementations of schedulers, through which job builders add their jobs.

use punctual_core::{BoxFuture, CallerTransaction, Job, JobSink, NewJob, TransactionalSink};

use super::asynchronous::AsyncScheduler;
use super::synchronous::SyncScheduler;
use crate::error::SchedulerError;
use crate::store::StoreAccess;

impl JobSink for AsyncScheduler {
    type Output = BoxFuture<'static, Result<Job, SchedulerError>>;

    fn add(self, job: NewJob) -> Self::Output {
        Box::pin(async move { self.engine.jobs.add_job(job).await })
    }
}

impl TransactionalSink for AsyncScheduler {
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

impl<Mode> JobSink for SyncScheduler<Mode> {
    type Output = Result<Job, SchedulerError>;

    fn add(self, job: NewJob) -> Self::Output {
        self.block(move |engine| async move { engine.jobs.add_job(job).await })
    }
}
