//! From a job's builder into a scheduler.

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
        let place = StoreAccess::Transaction(transaction);
        Box::pin(async move {
            let mut place = place;
            self.engine.jobs.add_job_in_transaction(job, &mut place).await
        })
    }
}

impl<Mode> JobSink for SyncScheduler<Mode> {
    type Output = Result<Job, SchedulerError>;

    fn add(self, job: NewJob) -> Self::Output {
        self.block(move |engine| async move { engine.jobs.add_job(job).await })
    }
}
