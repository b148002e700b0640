//! Pausing, resuming and removing all jobs that match a query.

use std::sync::Arc;

use futures_util::future::join_all;
use punctual_core::{
    Event, JobCursor, JobId, JobRecord, JobRef, RecordUpdate, StoreError, StoreErrorKind,
};

use super::query::CheckedQuery;
use super::remove::has_policy;
use super::{JobQuery, Jobs, PAGE_SIZE};
use crate::error::SchedulerError;
use crate::job::{Job, JobState, RunAt};
use crate::shared::MAX_CONFLICT_ATTEMPTS;
use crate::store::{RegisteredStore, StoreAccess};

/// Number of jobs of one store that are changed concurrently.
const CONCURRENCY: usize = 16;

/// The result of changing all jobs that match a query.
#[derive(Debug, Default)]
#[non_exhaustive]
#[must_use = "some jobs may not have been changed"]
pub struct BulkChange {
    /// The jobs that were changed or removed, in the order of the listing. Jobs that were already as wanted are omitted.
    pub changed: Vec<JobRef>,
    /// The jobs that could not be changed, with the reasons: for example jobs without a further fire time, which can't be
    /// resumed.
    pub failed: Vec<(JobRef, SchedulerError)>,
    /// The error that ended the operation early: the jobs after it are not changed.
    pub interrupted: Option<SchedulerError>,
}

/// What is done with the jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BulkAction {
    Pause,
    Resume,
    Remove,
}

impl BulkAction {
    fn applies_to(self, job: &Job) -> bool {
        match self {
            Self::Pause => matches!(job.state, JobState::Scheduled | JobState::Pending),
            Self::Resume => matches!(job.state, JobState::Paused | JobState::Pending),
            Self::Remove => true,
        }
    }
}

impl Jobs {
    /// Applies an action to all jobs that match a query.
    pub(crate) async fn change_all(
        &self,
        query: JobQuery,
        action: BulkAction,
    ) -> Result<BulkChange, SchedulerError> {
        if self.pending.is_accepting() {
            return self.change_all_pending(query, action).await;
        }
        let query = query.check()?;
        let mut result = BulkChange::default();
        for (store, after) in self.stores_after(&query)? {
            if let Err(error) = self.change_all_in(&store, after, &query, action, &mut result).await
            {
                result.interrupted = Some(store.error(error));
                break;
            }
        }
        Ok(result)
    }

    async fn change_all_pending(
        &self,
        query: JobQuery,
        action: BulkAction,
    ) -> Result<BulkChange, SchedulerError> {
        let mut result = BulkChange::default();
        for job in self.get_jobs(query).await? {
            let reference = JobRef::new(job.job_store.clone(), job.id.clone());
            let is_paused =
                self.pending.get(&reference).is_ok_and(|job| job.first_run() == RunAt::Paused);
            if (action == BulkAction::Pause && is_paused)
                || (action == BulkAction::Resume && !is_paused)
            {
                continue;
            }
            let (selector, access) = ((&job).into(), &mut StoreAccess::Autocommit);
            let done = match action {
                BulkAction::Pause => self.pause_job(selector, access).await.map(drop),
                BulkAction::Resume => self.resume_job(selector, access).await.map(drop),
                BulkAction::Remove => self.remove_job(selector, access).await,
            };
            result.add(reference, done.map(|()| true));
        }
        Ok(result)
    }

    /// Changes the jobs of a store page by page.
    async fn change_all_in(
        &self,
        store: &Arc<RegisteredStore>,
        mut after: Option<JobCursor>,
        query: &CheckedQuery,
        action: BulkAction,
        result: &mut BulkChange,
    ) -> Result<(), StoreError> {
        while result.changed.len() < query.limit {
            let page = store.backend.list(after.as_ref(), store.cap_batch(PAGE_SIZE)).await?;
            store.report_corrupt(page.corrupt);
            let wanted = query.limit - result.changed.len();
            let is_selected = |record: &JobRecord| {
                let job = self.job(store, record);
                query.matches(&job) && action.applies_to(&job)
            };
            let records = page.records.into_iter().filter(is_selected).take(wanted).collect();
            if action == BulkAction::Remove {
                self.remove_page(store, records, result).await?;
            } else {
                self.change_page(store, records, query, action, result).await?;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(())
    }

    async fn remove_page(
        &self,
        store: &Arc<RegisteredStore>,
        records: Vec<JobRecord>,
        result: &mut BulkChange,
    ) -> Result<(), StoreError> {
        let ids: Vec<JobId> = records.iter().map(|record| record.id.clone()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let retried = records.iter().filter(|record| has_policy(store, record));
        let retried: Vec<JobId> = retried.map(|record| record.id.clone()).collect();
        let removed = store.backend.remove(&ids).await?;
        for (record, _) in records.iter().zip(removed).filter(|(_, removed)| *removed) {
            let job = store.job_ref(&record.id);
            self.runs.emit_job_removed(store, job.clone(), &record.task);
            result.changed.push(job);
        }
        if !retried.is_empty() {
            self.remove_retries(store, &retried).await?;
        }
        Ok(())
    }

    async fn change_page(
        &self,
        store: &Arc<RegisteredStore>,
        records: Vec<JobRecord>,
        query: &CheckedQuery,
        action: BulkAction,
        result: &mut BulkChange,
    ) -> Result<(), StoreError> {
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            let some = records.by_ref().take(CONCURRENCY).map(async |record| {
                let id = record.id.clone();
                (id, self.change_matching(store, record, query, action).await)
            });
            let mut interrupted = None;
            for (id, done) in join_all(some).await {
                match done {
                    Err(SchedulerError::Store { source, .. })
                        if source.kind() != StoreErrorKind::Conflict =>
                    {
                        interrupted = Some(source);
                    }
                    done => result.add(store.job_ref(&id), done),
                }
            }
            if let Some(error) = interrupted {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Changes a job if it matches the query at the time of the change. Returns whether it was changed.
    async fn change_matching(
        &self,
        store: &Arc<RegisteredStore>,
        mut record: JobRecord,
        query: &CheckedQuery,
        action: BulkAction,
    ) -> Result<bool, SchedulerError> {
        for _ in 0..MAX_CONFLICT_ATTEMPTS {
            let job = self.job(store, &record);
            if !query.matches(&job) || !action.applies_to(&job) {
                return Ok(false);
            }
            let schedule = match action {
                BulkAction::Resume => Some(self.resumed_schedule(Some(store), &job)?),
                _ => None,
            };
            let update = RecordUpdate {
                schedule: Some(schedule),
                // A pause does not depend on the current run time.
                expected_run_time: schedule.map(|_| record.next_run_time()),
                ..Default::default()
            };
            let updated = store.backend.update(&record.id, record.revision, update).await;
            match updated.map_err(|error| (error.kind(), error)) {
                Ok(_) => {
                    store.notify_changed();
                    self.shared.bus.emit(Event::JobModified(store.job_ref(&record.id)));
                    self.report_dropped(store, &record, schedule);
                    return Ok(true);
                }
                Err((StoreErrorKind::NotFound, _)) => return Ok(false),
                Err((StoreErrorKind::Conflict, _)) => {}
                Err((_, error)) => return Err(store.error(error)),
            }
            let found = store.backend.get(&record.id).await.map_err(|error| store.error(error))?;
            match found {
                Some(found) => record = found.record,
                None => return Ok(false),
            }
        }
        Err(store.error(StoreError::conflict(&record.id)))
    }
}

impl BulkChange {
    fn add(&mut self, job: JobRef, done: Result<bool, SchedulerError>) {
        match done {
            Ok(true) => self.changed.push(job),
            // Removed in the meantime.
            Ok(false) | Err(SchedulerError::JobNotFound { .. }) => {}
            Err(error) => self.failed.push((job, error)),
        }
    }
}
