//! Finding jobs, and listing them.

use std::sync::Arc;

use punctual_core::{JobCursor, JobRef, StoreError, StoreErrorKind, StoredJob};

use super::query::{CheckedQuery, JobQuery};
use super::selector::JobSelector;
use super::{Jobs, PAGE_SIZE};
use crate::error::SchedulerError;
use crate::job::{CheckedJob, Job};
use crate::store::{RegisteredStore, StoreAccess};

/// The result of a lookup.
pub(super) enum Found {
    Pending(JobRef),
    Stored(Arc<RegisteredStore>, StoredJob),
}

/// A store, with the position after which its jobs are listed.
type ListedStore = (Arc<RegisteredStore>, Option<JobCursor>);

/// Whether the error means that the store does not support the transaction.
fn is_unsupported(error: &StoreError) -> bool {
    matches!(error.kind(), StoreErrorKind::Unsupported | StoreErrorKind::Invalid)
}

impl Jobs {
    pub(super) async fn find(
        &self,
        selector: JobSelector,
        access: &mut StoreAccess<'_>,
    ) -> Result<Found, SchedulerError> {
        let id = selector.id?;
        let alias = selector.job_store.transpose()?;
        if self.pending.is_accepting() {
            if !access.is_autocommit() {
                return Err(SchedulerError::NotRunning);
            }
            let fits = |job: &CheckedJob| {
                job.id == id && alias.as_ref().is_none_or(|alias| job.job_store == *alias)
            };
            return match &*self.pending.list(fits) {
                [job] => Ok(Found::Pending(job.reference())),
                [] if self.pending.was_started() => Err(SchedulerError::NotRunning),
                [] => Err(SchedulerError::JobNotFound { id, job_store: alias }),
                several => {
                    let job_stores = several.iter().map(|job| job.job_store.clone()).collect();
                    Err(SchedulerError::AmbiguousJob { id, job_stores })
                }
            };
        }
        let mut found = Vec::new();
        let mut unsupported = None;
        let mut searched = false;
        for store in self.stores.select(alias.as_ref())? {
            match access.get_stored(&store, &id).await {
                Ok(Some(job)) => found.push((store, job)),
                Ok(None) => searched = true,
                // The transaction is on the database of another store.
                Err(error) if !access.is_autocommit() && is_unsupported(&error) => {
                    unsupported = Some(store.error(error));
                }
                Err(error) => return Err(store.error(error)),
            }
        }
        if found.len() > 1 {
            let job_stores = found.iter().map(|(store, _)| store.alias.clone()).collect();
            return Err(SchedulerError::AmbiguousJob { id, job_stores });
        }
        if let Some((store, job)) = found.pop() {
            return Ok(Found::Stored(store, job));
        }
        let not_found = SchedulerError::JobNotFound { id, job_store: alias };
        Err(unsupported.filter(|_| !searched).unwrap_or(not_found))
    }

    pub(super) async fn find_stored(
        &self,
        selector: JobSelector,
    ) -> Result<(Arc<RegisteredStore>, StoredJob), SchedulerError> {
        match self.find(selector, &mut StoreAccess::Autocommit).await? {
            Found::Stored(store, job) => Ok((store, job)),
            Found::Pending(_) => Err(SchedulerError::NotRunning),
        }
    }

    pub(crate) async fn get_job(
        &self,
        selector: JobSelector,
        access: &mut StoreAccess<'_>,
    ) -> Result<Option<Job>, SchedulerError> {
        match self.find(selector, access).await {
            Ok(Found::Pending(job)) => Ok(Some(self.pending_job(&*self.pending.get(&job)?))),
            Ok(Found::Stored(store, job)) => Ok(Some(self.job(&store, &job.record))),
            Err(SchedulerError::JobNotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn get_jobs(&self, query: JobQuery) -> Result<Vec<Job>, SchedulerError> {
        let query = query.check()?;
        let alias = query.job_store.as_ref();
        if self.pending.is_accepting() {
            if self.pending.was_started() && !query.selects_pending() {
                return Err(SchedulerError::NotRunning);
            }
            let mut pending =
                self.pending.list(|job| alias.is_none_or(|alias| job.job_store == *alias));
            if let Some(after) = &query.after {
                let last = pending.iter().position(|job| job.reference() == after.job);
                pending.drain(..last.map_or(pending.len(), |last| last + 1));
            }
            let jobs = pending.iter().map(|job| self.pending_job(job));
            return Ok(jobs.filter(|job| query.matches(job)).take(query.limit).collect());
        }
        let mut jobs = Vec::new();
        for (store, mut after) in self.stores_after(&query)? {
            while jobs.len() < query.limit {
                let wanted = query.limit - jobs.len();
                let size = if query.matches_all() { wanted.min(PAGE_SIZE) } else { PAGE_SIZE };
                let page = store.backend.list(after.as_ref(), size).await;
                let page = page.map_err(|error| store.error(error))?;
                store.report_corrupt(page.corrupt);
                let found = page.records.iter().map(|record| self.job(&store, record));
                jobs.extend(found.filter(|job| query.matches(job)).take(wanted));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(jobs)
    }

    /// The stores that a query selects, each with the position after which its jobs are listed.
    pub(super) fn stores_after(
        &self,
        query: &CheckedQuery,
    ) -> Result<Vec<ListedStore>, SchedulerError> {
        let mut stores = self.stores.select(query.job_store.as_ref())?;
        let Some(after) = &query.after else {
            return Ok(stores.into_iter().map(|store| (store, None)).collect());
        };
        let current = stores.iter().position(|store| store.alias == after.job.job_store);
        let Some(current) = current else {
            return Err(self.stores.unknown(&after.job.job_store));
        };
        let rest = stores.split_off(current).into_iter().enumerate();
        Ok(rest.map(|(n, store)| (store, (n == 0).then(|| after.cursor.clone()))).collect())
    }
}
