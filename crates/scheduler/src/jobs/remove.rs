//! Removing jobs.

use punctual_core::{Alias, Event, JobId, JobRecord, StoreError};

use super::find::Found;
use super::selector::JobSelector;
use super::{Jobs, PAGE_SIZE};
use crate::error::SchedulerError;
use crate::job::CheckedJob;
use crate::store::{RegisteredStore, StoreAccess};

impl Jobs {
    pub(crate) async fn remove_job(
        &self,
        selector: JobSelector,
        access: &mut StoreAccess<'_>,
    ) -> Result<(), SchedulerError> {
        match self.find(selector, access).await? {
            Found::Pending(job) => {
                let removed = self.pending.remove(&job)?;
                self.shared.unregister_closure(&removed.definition.task);
            }
            Found::Stored(store, job) => {
                let record = job.record;
                let is_retried = access.is_autocommit() && has_policy(&store, &record);
                let removed = access.remove(&store, &record.id).await;
                if !removed.map_err(|error| store.error(error))? {
                    return Err(SchedulerError::job_not_found(&record.id, &store.alias));
                }
                if access.is_autocommit() {
                    self.runs.emit_job_removed(&store, store.job_ref(&record.id), &record.task);
                }
                if is_retried {
                    let removed = self.remove_retries(&store, std::slice::from_ref(&record.id));
                    removed.await.map_err(|error| store.error(error))?;
                }
            }
        }
        Ok(())
    }

    pub(crate) async fn remove_all_jobs(
        &self,
        alias: Option<&Alias>,
    ) -> Result<(), SchedulerError> {
        if let Some(alias) = alias {
            self.stores.get(alias)?;
        }
        if self.pending.is_accepting() {
            if self.pending.was_started() {
                return Err(SchedulerError::NotRunning);
            }
            let fits = |job: &CheckedJob| alias.is_none_or(|alias| job.job_store == *alias);
            for job in self.pending.remove_all(fits) {
                self.shared.unregister_closure(&job.definition.task);
            }
        } else {
            for store in self.stores.select(alias)? {
                self.remove_all_in(&store).await.map_err(|error| store.error(error))?;
            }
        }
        self.shared.bus.emit(Event::AllJobsRemoved(alias.cloned()));
        Ok(())
    }

    /// Removes the listed jobs page by page. Jobs that are added concurrently may remain.
    async fn remove_all_in(&self, store: &RegisteredStore) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = store.backend.list(after.as_ref(), store.cap_batch(PAGE_SIZE)).await?;
            let ids: Vec<JobId> = page.records.iter().map(|job| job.id.clone()).collect();
            store.backend.remove(&ids).await?;
            if !store.caps.persistent {
                // Closures are unregistered with their jobs.
                for job in &page.records {
                    match job.id.is_of_retry() {
                        true => self.shared.release_closure(&job.task),
                        false => self.shared.unregister_closure(&job.task),
                    }
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

/// Whether failed runs of the job are retried, so that it may have retries and dead letters.
pub(super) fn has_policy(store: &RegisteredStore, record: &JobRecord) -> bool {
    !record.id.is_of_retry()
        && store.decode(record).is_ok_and(|job| job.definition.options.retry.is_some())
}
