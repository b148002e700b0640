//! Dead letters: runs that have failed and are not retried any more.

use std::sync::Arc;

use punctual_core::{JobCursor, JobId, StoreError};

use super::selector::JobSelector;
use super::{Jobs, PAGE_SIZE};
use crate::error::SchedulerError;
use crate::job::Job;
use crate::store::{RegisteredStore, StoreAccess};

impl Jobs {
    /// Starts another attempt of a dead letter as soon as possible, in any process. Its policy counts from there. One whose
    /// attempt is in progress is not changed.
    pub(crate) async fn retry_dead_letter(
        &self,
        selector: JobSelector,
    ) -> Result<Job, SchedulerError> {
        let (_, found) = self.find_stored(selector.clone()).await?;
        if !found.record.id.is_of_dead_letter() {
            return Err(SchedulerError::NotADeadLetter(found.record.id));
        }
        self.make_job_due(selector, &mut StoreAccess::Autocommit).await
    }

    /// Removes the retries and dead letters of jobs that were removed. Runs of them in progress are not retried.
    pub(super) async fn remove_retries(
        &self,
        store: &Arc<RegisteredStore>,
        jobs: &[JobId],
    ) -> Result<(), StoreError> {
        for job in jobs {
            self.runs.forbid_retries(store, job);
        }
        let mut after: Option<JobCursor> = None;
        loop {
            let page = store.backend.list(after.as_ref(), store.cap_batch(PAGE_SIZE)).await?;
            let is_of_jobs = |record: &&punctual_core::JobRecord| {
                record.id.is_of_retry()
                    && store.decode(record).is_ok_and(|decoded| {
                        let origin = decoded.definition.retry_of.as_deref();
                        origin.is_some_and(|origin| jobs.contains(&origin.job_id))
                    })
            };
            let found: Vec<_> = page.records.iter().filter(is_of_jobs).collect();
            let ids: Vec<JobId> = found.iter().map(|record| record.id.clone()).collect();
            if !ids.is_empty() {
                store.backend.remove(&ids).await?;
                found.iter().for_each(|record| self.shared.release_closure(&record.task));
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}
