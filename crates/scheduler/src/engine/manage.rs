//! Looking at jobs and removing them.

use std::sync::Arc;

use punctual_core::{
    Alias, CheckedJob, Event, Job, JobDefinition, JobId, JobProblem, JobRecord, JobRef, RunEvent,
    StoreError, StoreErrorKind,
};

use super::selector::JobSelector;
use super::slot::Slot;
use super::{Engine, Place};
use crate::SchedulerError;

/// How many jobs a listing fetches at a time.
pub(super) const PAGE: usize = 1_000;

/// A job that was found.
pub(super) enum Found {
    Pending(JobRef),
    Stored(Arc<Slot>, JobRecord),
}

fn is(pending: &CheckedJob, job: &JobRef) -> bool {
    pending.id == job.job_id && pending.job_store == job.job_store
}

/// Whether a store has no part in a transaction.
fn is_foreign(error: &StoreError) -> bool {
    matches!(error.kind(), StoreErrorKind::Unsupported | StoreErrorKind::Invalid)
}

impl Engine {
    /// The job as listings show it, with why it can't be run here, if it can't.
    pub(super) fn job(&self, slot: &Slot, record: &JobRecord) -> Job {
        let decoded = self.decode(slot, record);
        let zone = decoded.as_ref().ok().and_then(|decoded| decoded.trigger.zone().cloned());
        let zone = zone.unwrap_or_else(|| self.settings.zone.read().clone());
        let mut job = Job::from_record(record, slot.alias.clone(), zone);
        match &decoded {
            Ok(decoded) => {
                job.definition = Some(Arc::clone(&decoded.definition));
                job.trigger = Some(Arc::clone(&decoded.trigger));
                job.problem = self.problem(record, &decoded.definition).map(Arc::new);
            }
            Err(problem) => {
                // A definition that can be read is shown even if its trigger can't be made.
                job.definition =
                    JobDefinition::decode(record.definition.as_bytes()).ok().map(Arc::new);
                job.problem = Some(Arc::clone(problem));
            }
        }
        job
    }

    fn problem(&self, record: &JobRecord, definition: &JobDefinition) -> Option<JobProblem> {
        if self.settings.client {
            // What it takes to run a job is others' business.
            return None;
        }
        let Some(task) = self.tasks.read().get(&record.task) else {
            return Some(JobProblem::UnknownTask(record.task.clone()));
        };
        if !self.executors.read().contains_key(&definition.executor) {
            return Some(JobProblem::UnknownExecutor(definition.executor.clone()));
        }
        task.check(&definition.args).err().map(JobProblem::Arguments)
    }

    /// The stores that a selector means.
    pub(super) fn slots_of(&self, alias: Option<&Alias>) -> Result<Vec<Arc<Slot>>, SchedulerError> {
        match alias {
            Some(alias) => Ok(vec![self.slot(alias)?]),
            None => Ok(self.slots().to_vec()),
        }
    }

    pub(super) async fn find(
        &self,
        selector: JobSelector,
        place: &mut Place<'_>,
    ) -> Result<Found, SchedulerError> {
        let id = selector.id?;
        let alias = selector.job_store.transpose()?;
        if Self::is_pending(self.scheduler_state()) {
            if !place.is_final() {
                return Err(SchedulerError::NotRunning);
            }
            let pending = self.pending.lock();
            let fits = |job: &CheckedJob| {
                job.id == id && alias.as_ref().is_none_or(|alias| job.job_store == *alias)
            };
            return match pending.iter().find(|job| fits(job)) {
                Some(job) => Ok(Found::Pending(JobRef {
                    job_id: job.id.clone(),
                    job_store: job.job_store.clone(),
                })),
                None => Err(SchedulerError::JobNotFound(id)),
            };
        }
        let mut outside = None;
        let mut asked = false;
        for slot in self.slots_of(alias.as_ref())? {
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

    /// Does something with a pending job, if it still is one.
    pub(super) fn with_pending<T>(
        &self,
        job: &JobRef,
        work: impl FnOnce(&mut CheckedJob) -> Result<T, SchedulerError>,
    ) -> Result<T, SchedulerError> {
        let mut pending = self.pending.lock();
        let found = pending.iter_mut().find(|other| is(other, job));
        work(found.ok_or_else(|| SchedulerError::JobNotFound(job.job_id.clone()))?)
    }

    pub(crate) async fn get_job(
        &self,
        selector: JobSelector,
        place: &mut Place<'_>,
    ) -> Result<Option<Job>, SchedulerError> {
        match self.find(selector, place).await {
            Ok(Found::Pending(job)) => {
                self.with_pending(&job, |job| Ok(self.pending_job(job))).map(Some)
            }
            Ok(Found::Stored(slot, record)) => Ok(Some(self.job(&slot, &record))),
            Err(SchedulerError::JobNotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn get_jobs(&self, alias: Option<&Alias>) -> Result<Vec<Job>, SchedulerError> {
        if Self::is_pending(self.scheduler_state()) {
            let pending = self.pending.lock();
            let fits = |job: &&CheckedJob| alias.is_none_or(|alias| job.job_store == *alias);
            return Ok(pending.iter().filter(fits).map(|job| self.pending_job(job)).collect());
        }
        let mut jobs = Vec::new();
        for slot in self.slots_of(alias)? {
            let mut after = None;
            loop {
                let page = slot.store.list(after.as_ref(), PAGE).await;
                let page = page.map_err(|error| slot.error(error))?;
                slot.report_corrupt(&self.bus, page.corrupt);
                jobs.extend(page.records.iter().map(|record| self.job(&slot, record)));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(jobs)
    }

    pub(crate) async fn remove_job(
        &self,
        selector: JobSelector,
        place: &mut Place<'_>,
    ) -> Result<(), SchedulerError> {
        match self.find(selector, place).await? {
            Found::Pending(job) => {
                let task = self.with_pending(&job, |job| Ok(job.definition.task.clone()))?;
                self.pending.lock().retain(|other| !is(other, &job));
                self.tasks.write().forget_closure(&task);
            }
            Found::Stored(slot, record) => {
                let removed = place.remove(&slot, &record.id).await;
                if !removed.map_err(|error| slot.error(error))? {
                    return Err(SchedulerError::JobNotFound(record.id));
                }
                if place.is_final() {
                    let job = super::tick::job_ref(&slot.alias, &record);
                    self.job_left(&slot, job, &record.task);
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
            self.slot(alias)?;
        }
        if Self::is_pending(self.scheduler_state()) {
            let mut tasks = self.tasks.write();
            self.pending.lock().retain(|job| {
                let stays = alias.is_some_and(|alias| job.job_store != *alias);
                if !stays {
                    tasks.forget_closure(&job.definition.task);
                }
                stays
            });
        } else {
            for slot in self.slots_of(alias)? {
                self.remove_all_in(&slot).await.map_err(|error| slot.error(error))?;
            }
        }
        self.bus.emit(Event::AllJobsRemoved(alias.cloned()));
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
                let mut tasks = self.tasks.write();
                page.records.iter().for_each(|job| tasks.forget_closure(&job.task));
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// The runs that this process has under way.
    pub(crate) fn running(&self) -> Vec<RunEvent> {
        self.active.lock().iter().map(|run| RunEvent::of(&run.context)).collect()
    }
}
