//! Adding jobs.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use punctual_core::{
    AddOutcome, CheckedJob, Encoded, Event, IntoTrigger, Job, JobDefinition, JobId, JobRecord,
    JobRef, JobState, NewJob, NewRecord, RecordUpdate, RunAt, Schedule, StoreError, StoreErrorKind,
    Trigger, TriggerDefaults,
};
use punctual_triggers::DateTrigger;

use super::life::SchedulerState;
use super::slot::Slot;
use super::{Engine, Place, Settings};
use crate::{SchedulerError, plan};

/// How often a change is tried again that somebody else got ahead of.
pub(super) const CONFLICT_RETRIES: usize = 20;

impl Engine {
    /// Adds a job: to its store when the scheduler runs, else to the pending ones.
    pub(crate) async fn add_job(&self, job: NewJob) -> Result<Job, SchedulerError> {
        let job = self.check(job)?;
        match self.keep_pending(&job)? {
            Some(job) => Ok(job),
            None => self.add_checked(job, &mut Place::Stores).await,
        }
    }

    /// Adds a job inside a transaction of the caller's: there is no waiting for the start in one.
    pub(crate) async fn add_job_within(
        &self,
        job: NewJob,
        place: &mut Place<'_>,
    ) -> Result<Job, SchedulerError> {
        if !matches!(self.scheduler_state(), SchedulerState::Running | SchedulerState::Paused) {
            return Err(SchedulerError::NotRunning);
        }
        self.add_checked(self.check(job)?, place).await
    }

    async fn add_checked(
        &self,
        job: CheckedJob,
        place: &mut Place<'_>,
    ) -> Result<Job, SchedulerError> {
        let added = self.store_job(&job, place).await;
        if added.is_err() {
            self.tasks.write().forget_closure(job.registration.name());
        }
        let how = added?;
        let slot = self.slot(&job.job_store)?;
        if place.is_final() {
            self.emit_added(job.reference(), how);
            self.changed(&slot);
        }
        let record = place.get(&slot, &job.id).await.map_err(|error| slot.error(error))?;
        // Run and gone already, perhaps.
        Ok(record.map_or_else(|| self.pending_job(&job), |record| self.job(&slot, &record)))
    }

    /// Adds many jobs, with one call of each store. If one can't be added, the stores behind its own are left
    /// alone.
    pub(crate) async fn add_jobs(&self, jobs: Vec<NewJob>) -> Result<usize, SchedulerError> {
        let jobs = jobs.into_iter().map(|job| self.check(job)).collect::<Result<Vec<_>, _>>()?;
        let count = jobs.len();
        let mut by_slot: Vec<(Arc<Slot>, Vec<CheckedJob>)> = Vec::new();
        for job in jobs {
            if self.keep_pending(&job)?.is_some() {
                continue;
            }
            let slot = self.slot(&job.job_store)?;
            match by_slot.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &slot)) {
                Some((_, jobs)) => jobs.push(job),
                None => by_slot.push((slot, vec![job])),
            }
        }
        for (slot, jobs) in by_slot {
            for job in &jobs {
                let noted = self.store_zone_rules(&slot, &*job.trigger, &mut Place::Stores).await;
                noted.map_err(|error| slot.error(error))?;
            }
            let records = jobs.iter().map(|job| self.record(&slot, job));
            let records = records.collect::<Result<Vec<_>, _>>()?;
            let outcomes = add_in_parts(&slot, records).await.map_err(|error| slot.error(error))?;
            self.changed(&slot);
            let mut failed = None;
            for (job, outcome) in jobs.iter().zip(outcomes) {
                let stored = match outcome {
                    AddOutcome::Added => Ok(Stored::New),
                    AddOutcome::Exists if failed.is_some() => continue,
                    AddOutcome::Exists => self.replace(&slot, job, &mut Place::Stores).await,
                };
                match stored {
                    Ok(how) => self.emit_added(job.reference(), how),
                    Err(error) => failed = Some(error),
                }
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(count)
    }

    /// Checks a description and makes its task known.
    fn check(&self, job: NewJob) -> Result<CheckedJob, SchedulerError> {
        let Settings { job_defaults, codec, .. } = &self.settings;
        let run_now = |defaults: &TriggerDefaults| DateTrigger::now().into_trigger(defaults);
        let slot = job.job_store().and_then(|alias| self.slot(alias).ok());
        let defaults = self.trigger_defaults(slot.as_deref());
        let job = job.check(job_defaults, &defaults, *codec, run_now)?;
        if let Some(slot) = slot
            && slot.caps.persistent
            && job.registration.is_transient()
        {
            return Err(SchedulerError::ClosureNotStorable {
                id: job.id,
                job_store: job.job_store,
            });
        }
        self.tasks.write().register(job.registration.clone())?;
        Ok(job)
    }

    /// Puts the job among the pending ones, if the scheduler has not started.
    fn keep_pending(&self, job: &CheckedJob) -> Result<Option<Job>, SchedulerError> {
        let phase = self.phase.lock();
        match phase.state {
            SchedulerState::Stopped | SchedulerState::Starting => {}
            SchedulerState::Stopping => return Err(SchedulerError::NotRunning),
            _ => return Ok(None),
        }
        let mut pending = self.pending.lock();
        let same = |other: &CheckedJob| other.id == job.id && other.job_store == job.job_store;
        match pending.iter_mut().find(|other| same(other)) {
            Some(_) if !job.replace_existing => Err(exists(job)),
            Some(other) => {
                *other = job.clone();
                Ok(Some(self.pending_job(job)))
            }
            None => {
                pending.push(job.clone());
                Ok(Some(self.pending_job(job)))
            }
        }
    }

    /// Adds a job to its store.
    pub(super) async fn store_job(
        &self,
        job: &CheckedJob,
        place: &mut Place<'_>,
    ) -> Result<Stored, SchedulerError> {
        let slot = self.slot(&job.job_store)?;
        if slot.caps.persistent && job.registration.is_transient() {
            return Err(SchedulerError::ClosureNotStorable {
                id: job.id.clone(),
                job_store: job.job_store.clone(),
            });
        }
        let noted = self.store_zone_rules(&slot, &*job.trigger, place).await;
        noted.map_err(|error| slot.error(error))?;
        let record = self.record(&slot, job)?;
        match place.add(&slot, record).await.map_err(|error| slot.error(error))? {
            AddOutcome::Exists => self.replace(&slot, job, place).await,
            AddOutcome::Added => Ok(Stored::New),
        }
    }

    fn record(&self, slot: &Slot, job: &CheckedJob) -> Result<NewRecord, SchedulerError> {
        let definition = match job.first_run {
            RunAt::Instant(instant) => {
                let mut definition = job.definition.clone();
                definition.first_run = Some(instant);
                definition.encode()
            }
            _ => job.definition.encode(),
        };
        let definition = definition.map_err(punctual_core::JobError::from)?;
        slot.check_size(&job.id, &definition)?;
        Ok(NewRecord {
            id: job.id.clone(),
            task: job.definition.task.clone(),
            definition,
            schedule: self.first_schedule(slot, job)?,
        })
    }

    fn first_schedule(
        &self,
        slot: &Slot,
        job: &CheckedJob,
    ) -> Result<Option<Schedule>, SchedulerError> {
        let trigger = &*job.trigger;
        match job.first_run {
            RunAt::Paused => Ok(None),
            RunAt::Instant(instant) => Ok(Some(Schedule::at(instant))),
            RunAt::Trigger => self.schedule_from_now(Some(slot), &job.id, trigger).map(Some),
        }
    }

    /// The first schedule of a trigger from now on.
    pub(super) fn schedule_from_now(
        &self,
        slot: Option<&Slot>,
        id: &JobId,
        trigger: &dyn Trigger,
    ) -> Result<Schedule, SchedulerError> {
        let fire = trigger.next_fire_time(None, self.now(slot));
        let fire = fire.ok_or_else(|| SchedulerError::NeverFires {
            id: id.clone(),
            trigger: trigger.to_string(),
        })?;
        Ok(plan::schedule(trigger, fire, &mut |below| fastrand::u64(..below)))
    }

    /// Replaces a job that exists, if its description allows it. An unchanged job keeps its schedule.
    async fn replace(
        &self,
        slot: &Arc<Slot>,
        job: &CheckedJob,
        place: &mut Place<'_>,
    ) -> Result<Stored, SchedulerError> {
        if !job.replace_existing {
            return Err(exists(job));
        }
        for _ in 0..CONFLICT_RETRIES {
            let found = place.get(slot, &job.id).await.map_err(|error| slot.error(error))?;
            let Some(old) = found else {
                // It has left in between.
                let added = place.add(slot, self.record(slot, job)?).await;
                if added.map_err(|error| slot.error(error))? == AddOutcome::Added {
                    return Ok(Stored::New);
                }
                continue;
            };
            if is_unchanged(&old, job) {
                return Ok(Stored::Unchanged);
            }
            let record = self.record(slot, job)?;
            let update = RecordUpdate {
                definition: Some((record.task, record.definition)),
                schedule: Some(record.schedule),
                expected_run_time: Some(old.next_run_time()),
                // Another description: `max_runs` counts from here.
                restart: true,
            };
            match place.update(slot, &job.id, old.revision, update).await {
                Ok(_) => {
                    if old.task != job.definition.task {
                        self.tasks.write().forget_closure(&old.task);
                    }
                    return Ok(Stored::Replaced);
                }
                Err(error) if error.kind() == StoreErrorKind::Conflict => {}
                Err(error) if error.kind() == StoreErrorKind::NotFound => {}
                Err(error) => return Err(slot.error(error)),
            }
        }
        Err(slot.error(StoreError::conflict(&job.id)))
    }

    pub(super) fn emit_added(&self, job: JobRef, how: Stored) {
        if how != Stored::Unchanged {
            self.bus.emit(Event::JobAdded(job));
        }
    }

    /// Tells the driver that something may be due earlier than it knows.
    pub(crate) fn changed(&self, slot: &Slot) {
        slot.changed.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Tells the driver to look at all stores.
    pub(crate) fn wakeup(&self) {
        for slot in self.slots().iter() {
            slot.changed.store(true, Ordering::Release);
        }
        self.wake.notify_one();
    }

    /// A pending job as listings show it.
    pub(super) fn pending_job(&self, job: &CheckedJob) -> Job {
        let record = JobRecord {
            id: job.id.clone(),
            task: job.definition.task.clone(),
            definition: Vec::new().into(),
            revision: Default::default(),
            fence: Default::default(),
            schedule: None,
            fire_count: 0,
            claims: 0,
            finished: false,
            in_flight: 0,
        };
        let zone = job.trigger.zone().cloned();
        let zone = zone.unwrap_or_else(|| self.settings.zone.read().clone());
        let mut shown = Job::from_record(&record, job.job_store.clone(), zone);
        shown.state = JobState::Pending;
        shown.definition = Some(Arc::new(job.definition.clone()));
        shown.trigger = Some(Arc::clone(&job.trigger));
        shown
    }
}

impl Slot {
    /// Whether the store keeps a definition of that size.
    pub(super) fn check_size(
        &self,
        id: &JobId,
        definition: &Encoded,
    ) -> Result<(), SchedulerError> {
        let (size, limit) = (definition.as_bytes().len(), self.caps.max_definition);
        if size <= limit {
            return Ok(());
        }
        let job_store = self.alias.clone();
        Err(SchedulerError::DefinitionTooLarge { id: id.clone(), job_store, size, limit })
    }
}

/// Adds jobs with as few calls as the store takes them in.
async fn add_in_parts(
    slot: &Slot,
    mut records: Vec<NewRecord>,
) -> Result<Vec<AddOutcome>, StoreError> {
    let limit = slot.caps.max_batch;
    let mut outcomes = Vec::with_capacity(records.len());
    while !records.is_empty() {
        let count = limit.fitting(&records, |job| job.definition.as_bytes().len());
        let rest = records.split_off(count);
        outcomes.extend(slot.store.add(std::mem::replace(&mut records, rest)).await?);
    }
    Ok(outcomes)
}

/// How a job came to be in its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// It is new there.
    New,
    /// It took the place of one of the same id.
    Replaced,
    /// It was there already.
    Unchanged,
}

fn exists(job: &CheckedJob) -> SchedulerError {
    SchedulerError::JobExists { id: job.id.clone(), job_store: job.job_store.clone() }
}

/// Whether a stored job is what the description says; a start that a trigger took from the clock does
/// not count.
fn is_unchanged(old: &JobRecord, job: &CheckedJob) -> bool {
    if old.finished || job.first_run != RunAt::Trigger {
        return false;
    }
    let Ok(stored) = JobDefinition::decode(old.definition.as_bytes()) else {
        return false;
    };
    let same_trigger = job.trigger.is_same_as(&stored.trigger);
    let mut new = job.definition.clone();
    new.trigger = stored.trigger.clone();
    // It only tells how the present schedule came about.
    new.first_run = stored.first_run;
    same_trigger && new == stored
}
