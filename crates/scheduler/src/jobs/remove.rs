//! Removing jobs.

use punctual_core::{Alias, CheckedJob, Event, JobId, StoreError};

use super::find::Found;
use super::selector::JobSelector;
use super::{Jobs, PAGE};
use crate::error::SchedulerError;
use crate::store::{Place, Slot};

impl Jobs {
    pub(crate) async fn remove_job(
        &self,
        selector: JobSelector,
        place: &mut Place<'_>,
    ) -> Result<(), SchedulerError> {
        match self.find(selector, place).await? {
            Found::Pending(job) => {
                let task = self.pending.get(&job)?.definition.task.clone();
                self.pending.remove(|other| other.reference() == job);
                self.shared.forget_closure(&task);
            }
            Found::Stored(slot, record) => {
                let removed = place.remove(&slot, &record.id).await;
                if !removed.map_err(|error| slot.error(error))? {
                    return Err(SchedulerError::JobNotFound(record.id));
                }
                if place.is_final() {
                    self.runs.job_left(&slot, slot.job_ref(&record.id), &record.task);
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
        if self.pending.is_open() {
            let fits = |job: &CheckedJob| alias.is_none_or(|alias| job.job_store == *alias);
            for job in self.pending.remove(fits) {
                self.shared.forget_closure(&job.definition.task);
            }
        } else {
            for slot in self.stores.of(alias)? {
                self.remove_all_in(&slot).await.map_err(|error| slot.error(error))?;
            }
        }
        self.shared.bus.emit(Event::AllJobsRemoved(alias.cloned()));
        Ok(())
    }

    /// Removes what is there, page by page; jobs that others add meanwhile may stay.
    async fn remove_all_in(&self, slot: &Slot) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = slot.store.list(after.as_ref(), slot.batch(PAGE)).await?;
            let ids: Vec<JobId> = page.records.iter().map(|job| job.id.clone()).collect();
            slot.store.remove(&ids).await?;
            if !slot.caps.persistent {
                // Closures leave with their jobs.
                page.records.iter().for_each(|job| self.shared.forget_closure(&job.task));
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}
