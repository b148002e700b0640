//! Finding jobs, and listing them.

use std::sync::Arc;

use punctual_core::{CheckedJob, Job, JobRecord, JobRef, StoreError, StoreErrorKind};

use super::query::JobQuery;
use super::selector::JobSelector;
use super::{Jobs, PAGE};
use crate::error::SchedulerError;
use crate::store::{Place, Slot};

/// A job that was found.
pub(super) enum Found {
    Pending(JobRef),
    Stored(Arc<Slot>, JobRecord),
}

/// Whether a store has no part in a transaction.
fn is_foreign(error: &StoreError) -> bool {
    matches!(error.kind(), StoreErrorKind::Unsupported | StoreErrorKind::Invalid)
}

impl Jobs {
    pub(super) async fn find(
        &self,
        selector: JobSelector,
        place: &mut Place<'_>,
    ) -> Result<Found, SchedulerError> {
        let id = selector.id?;
        let alias = selector.job_store.transpose()?;
        if self.pending.is_open() {
            if !place.is_final() {
                return Err(SchedulerError::NotRunning);
            }
            let fits = |job: &CheckedJob| {
                job.id == id && alias.as_ref().is_none_or(|alias| job.job_store == *alias)
            };
            return match self.pending.list(fits).first() {
                Some(job) => Ok(Found::Pending(job.reference())),
                None => Err(SchedulerError::JobNotFound(id)),
            };
        }
        let mut outside = None;
        let mut asked = false;
        for slot in self.stores.of(alias.as_ref())? {
            match place.get(&slot, &id).await {
                Ok(Some(record)) => return Ok(Found::Stored(slot, record)),
                Ok(None) => asked = true,
                // The transaction is another store's.
                Err(error) if !place.is_final() && is_foreign(&error) => {
                    outside = Some(slot.error(error));
                }
                Err(error) => return Err(slot.error(error)),
            }
        }
        Err(outside.filter(|_| !asked).unwrap_or(SchedulerError::JobNotFound(id)))
    }

    pub(super) async fn find_stored(
        &self,
        selector: JobSelector,
    ) -> Result<(Arc<Slot>, JobRecord), SchedulerError> {
        match self.find(selector, &mut Place::Stores).await? {
            Found::Stored(slot, record) => Ok((slot, record)),
            Found::Pending(_) => Err(SchedulerError::NotRunning),
        }
    }

    pub(crate) async fn get_job(
        &self,
        selector: JobSelector,
        place: &mut Place<'_>,
    ) -> Result<Option<Job>, SchedulerError> {
        match self.find(selector, place).await {
            Ok(Found::Pending(job)) => Ok(Some(self.pending_job(&*self.pending.get(&job)?))),
            Ok(Found::Stored(slot, record)) => Ok(Some(self.job(&slot, &record))),
            Err(SchedulerError::JobNotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn get_jobs(&self, query: JobQuery) -> Result<Vec<Job>, SchedulerError> {
        let query = query.check()?;
        let alias = query.job_store.as_ref();
        if self.pending.is_open() {
            let pending =
                self.pending.list(|job| alias.is_none_or(|alias| job.job_store == *alias));
            let jobs = pending.iter().map(|job| self.pending_job(job));
            return Ok(jobs.filter(|job| query.matches(job)).take(query.limit).collect());
        }
        let mut jobs = Vec::new();
        for slot in self.stores.of(alias)? {
            let mut after = None;
            while jobs.len() < query.limit {
                let wanted = query.limit - jobs.len();
                let size = if query.matches_all() { wanted.min(PAGE) } else { PAGE };
                let page = slot.store.list(after.as_ref(), size).await;
                let page = page.map_err(|error| slot.error(error))?;
                slot.report_corrupt(page.corrupt);
                let found = page.records.iter().map(|record| self.job(&slot, record));
                jobs.extend(found.filter(|job| query.matches(job)).take(wanted));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(jobs)
    }
}
