//! Looking at jobs and changing them.

use std::sync::Arc;

use punctual_core::{
    Alias, CheckedJob, Event, IntoTrigger, Job, JobChange, JobDefinition, JobId, JobProblem,
    JobRecord, JobRef, RecordUpdate, RunAt, RunEvent, Schedule, StoreError, StoreErrorKind,
    Trigger,
};

use super::add::CONFLICT_RETRIES;
use super::life::SchedulerState;
use super::selector::JobSelector;
use super::slot::Slot;
use super::{Engine, Place};
use crate::SchedulerError;

/// How many jobs a listing fetches at a time.
const PAGE: usize = 1_000;

/// A job that was found.
enum Found {
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

    async fn find(
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
    fn with_pending<T>(
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
                // Closures leave with their jobs.
                let jobs = match slot.caps.persistent {
                    true => Vec::new(),
                    false => self.get_jobs(Some(&slot.alias)).await?,
                };
                slot.store.remove_all().await.map_err(|error| slot.error(error))?;
                let mut tasks = self.tasks.write();
                jobs.iter().for_each(|job| tasks.forget_closure(&job.task));
            }
        }
        self.bus.emit(Event::AllJobsRemoved(alias.cloned()));
        Ok(())
    }

    /// Changes what a job is; its schedule stays.
    pub(crate) async fn modify_job(
        &self,
        selector: JobSelector,
        change: JobChange,
        place: &mut Place<'_>,
    ) -> Result<Job, SchedulerError> {
        self.change(selector, change, |_, _, _| Ok(None), place).await
    }

    /// Gives a job another trigger, and the schedule that follows from it now.
    pub(crate) async fn reschedule_job(
        &self,
        selector: JobSelector,
        trigger: impl IntoTrigger + Send + 'static,
        place: &mut Place<'_>,
    ) -> Result<Job, SchedulerError> {
        let change = JobChange::new().trigger(trigger);
        let from_now = |slot: Option<&Slot>, id: &JobId, trigger: &dyn Trigger| {
            self.schedule_from_now(slot, id, trigger).map(|schedule| Some(Some(schedule)))
        };
        self.change(selector, change, from_now, place).await
    }

    async fn change(
        &self,
        selector: JobSelector,
        change: JobChange,
        schedule: impl FnOnce(
            Option<&Slot>,
            &JobId,
            &dyn Trigger,
        ) -> Result<Option<Option<Schedule>>, SchedulerError>,
        place: &mut Place<'_>,
    ) -> Result<Job, SchedulerError> {
        let found = self.find(selector, place).await?;
        let slot = match &found {
            Found::Stored(slot, _) => Some(Arc::clone(slot)),
            Found::Pending(_) => None,
        };
        let (id, definition) = match &found {
            Found::Pending(job) => {
                let definition = self.with_pending(job, |job| Ok(job.definition.clone()))?;
                (job.job_id.clone(), definition)
            }
            Found::Stored(_, record) => {
                let decoded = JobDefinition::decode(record.definition.as_bytes());
                let definition = decoded.map_err(|error| SchedulerError::Unresolved {
                    id: record.id.clone(),
                    problem: Arc::new(JobProblem::Undecodable(error)),
                })?;
                (record.id.clone(), definition)
            }
        };
        let old_task = definition.task.clone();
        let mut changed = change.apply(
            definition,
            &self.trigger_defaults(slot.as_deref()),
            self.settings.codec,
        )?;
        let new_schedule = match &changed.trigger {
            Some(trigger) => schedule(slot.as_deref(), &id, &**trigger)?,
            None => None,
        };
        if let Some(registration) = &changed.registration {
            if let Found::Stored(slot, _) = &found
                && slot.caps.persistent
                && registration.is_transient()
            {
                let job_store = slot.alias.clone();
                return Err(SchedulerError::ClosureNotStorable { id, job_store });
            }
            self.tasks.write().register(registration.clone())?;
        }
        let job = match found {
            Found::Pending(job) => self.with_pending(&job, |job| {
                job.definition = changed.definition;
                if new_schedule.is_some() {
                    job.first_run = RunAt::Trigger;
                    job.definition.first_run = None;
                }
                if let Some(trigger) = changed.trigger {
                    job.trigger = trigger;
                }
                if let Some(registration) = changed.registration {
                    job.registration = registration;
                }
                Ok(self.pending_job(job))
            })?,
            Found::Stored(slot, record) => {
                if let Some(trigger) = &changed.trigger {
                    let noted = self.note_zones(&slot, &**trigger, place).await;
                    noted.map_err(|error| slot.error(error))?;
                    // One that stays was not computed by the new trigger.
                    let stays = record.schedule.filter(|_| new_schedule.is_none());
                    changed.definition.first_run = stays.map(|schedule| schedule.next_run_time);
                }
                let task = changed.definition.task.clone();
                let encoded = changed.definition.encode();
                let update = RecordUpdate {
                    definition: Some((task, encoded.map_err(punctual_core::JobError::from)?)),
                    // Another course: `max_runs` counts from here.
                    restart: new_schedule.is_some(),
                    schedule: new_schedule,
                };
                self.update(&slot, &record, update, place).await?;
                self.modified(&slot, &id, place).await?
            }
        };
        if job.task != old_task {
            self.tasks.write().forget_closure(&old_task);
        }
        Ok(job)
    }

    async fn update(
        &self,
        slot: &Slot,
        record: &JobRecord,
        update: RecordUpdate,
        place: &mut Place<'_>,
    ) -> Result<(), SchedulerError> {
        let updated = place.update(slot, &record.id, record.revision, update).await;
        updated.map(drop).map_err(|error| match error.kind() {
            StoreErrorKind::NotFound => SchedulerError::JobNotFound(record.id.clone()),
            _ => slot.error(error),
        })
    }

    /// Tells that a job was changed, and shows it as it is now.
    async fn modified(
        &self,
        slot: &Arc<Slot>,
        id: &JobId,
        place: &mut Place<'_>,
    ) -> Result<Job, SchedulerError> {
        if place.is_final() {
            self.changed(slot);
            let job = JobRef { job_id: id.clone(), job_store: slot.alias.clone() };
            self.bus.emit(Event::JobModified(job));
        }
        let record = place.get(slot, id).await.map_err(|error| slot.error(error))?;
        let record = record.ok_or_else(|| SchedulerError::JobNotFound(id.clone()))?;
        Ok(self.job(slot, &record))
    }

    /// Takes the next run time away; runs under way go on.
    pub(crate) async fn pause_job(
        &self,
        selector: JobSelector,
        place: &mut Place<'_>,
    ) -> Result<Job, SchedulerError> {
        self.set_schedule(selector, |_, _| Ok(None), place).await
    }

    /// Gives a job its next run time from now on.
    pub(crate) async fn resume_job(
        &self,
        selector: JobSelector,
        place: &mut Place<'_>,
    ) -> Result<Job, SchedulerError> {
        let from_now = |slot: Option<&Slot>, job: &Job| {
            let trigger = job.trigger.as_ref().ok_or_else(|| SchedulerError::Unresolved {
                id: job.id.clone(),
                problem: job
                    .problem
                    .clone()
                    .unwrap_or_else(|| Arc::new(JobProblem::UnknownTask(job.task.clone()))),
            })?;
            self.schedule_from_now(slot, &job.id, &**trigger).map(Some)
        };
        self.set_schedule(selector, from_now, place).await
    }

    /// Makes a job due now, whoever runs it.
    pub(crate) async fn make_job_due(
        &self,
        selector: JobSelector,
        place: &mut Place<'_>,
    ) -> Result<Job, SchedulerError> {
        if !matches!(self.scheduler_state(), SchedulerState::Running | SchedulerState::Paused) {
            return Err(SchedulerError::NotRunning);
        }
        let now = |slot: Option<&Slot>, job: &Job| {
            let now = self.now(slot);
            // What is due already is not made any later.
            Ok(Some(Schedule::at(job.next_run_time.map_or(now, |next| next.min(now)))))
        };
        self.set_schedule(selector, now, place).await
    }

    async fn set_schedule(
        &self,
        selector: JobSelector,
        schedule: impl Fn(Option<&Slot>, &Job) -> Result<Option<Schedule>, SchedulerError>,
        place: &mut Place<'_>,
    ) -> Result<Job, SchedulerError> {
        for _ in 0..CONFLICT_RETRIES {
            let (slot, record) = match self.find(selector.clone(), place).await? {
                Found::Stored(slot, record) => (slot, record),
                Found::Pending(job) => {
                    return self.with_pending(&job, |job| {
                        let paused = schedule(None, &self.pending_job(job))?.is_none();
                        job.first_run = if paused { RunAt::Paused } else { RunAt::Trigger };
                        Ok(self.pending_job(job))
                    });
                }
            };
            let schedule = schedule(Some(&slot), &self.job(&slot, &record))?;
            let update = RecordUpdate { schedule: Some(schedule), ..Default::default() };
            match self.update(&slot, &record, update, place).await {
                Ok(()) => return self.modified(&slot, &record.id, place).await,
                Err(SchedulerError::Store { source, .. })
                    if source.kind() == StoreErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
        }
        let (slot, record) = self.find_stored(selector).await?;
        Err(slot.error(StoreError::conflict(&record.id)))
    }

    /// The runs that this process has under way.
    pub(crate) fn running(&self) -> Vec<RunEvent> {
        self.active.lock().iter().map(|run| RunEvent::of(&run.context)).collect()
    }
}
