//! Adding jobs.

use std::sync::Arc;

use punctual_core::{
    AddOutcome, CheckedJob, Event, IntoTrigger, Job, JobDefinition, JobRecord, JobRef, NewJob,
    NewRecord, RecordUpdate, RunAt, StoreError, StoreErrorKind, TriggerDefaults, error_chain,
};
use punctual_triggers::DateTrigger;

use super::Jobs;
use crate::error::SchedulerError;
use crate::shared::{CONFLICT_RETRIES, SchedulerState, Settings};
use crate::store::{Place, Slot};

impl Jobs {
    /// Adds a job: to its store when the scheduler runs, else to the pending ones.
    pub(crate) async fn add_job(&self, job: NewJob) -> Result<Job, SchedulerError> {
        let job = self.check(job)?;
        if self.keep_pending(&job)? {
            return Ok(self.pending_job(&job));
        }
        self.add_checked(job, &mut Place::Stores).await
    }

    /// Adds a job inside a transaction of the caller's: there is no waiting for the start in one.
    pub(crate) async fn add_job_in_transaction(
        &self,
        job: NewJob,
        place: &mut Place<'_>,
    ) -> Result<Job, SchedulerError> {
        if !self.shared.phase.is_up() {
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
            self.shared.forget_closure(job.registration.name());
        }
        let how = added?;
        let slot = self.stores.get(&job.job_store)?;
        if place.is_final() {
            self.emit_added(job.reference(), how);
            slot.changed();
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
            if self.keep_pending(&job)? {
                continue;
            }
            let slot = self.stores.get(&job.job_store)?;
            match by_slot.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &slot)) {
                Some((_, jobs)) => jobs.push(job),
                None => by_slot.push((slot, vec![job])),
            }
        }
        for (slot, jobs) in by_slot {
            for job in &jobs {
                let noted = slot.store_zone_rules(&*job.trigger, &mut Place::Stores).await;
                noted.map_err(|error| slot.error(error))?;
            }
            let records = jobs.iter().map(|job| self.record(&slot, job));
            let records = records.collect::<Result<Vec<_>, _>>()?;
            let outcomes = add_in_parts(&slot, records).await.map_err(|error| slot.error(error))?;
            slot.changed();
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
        let Settings { job_defaults, codec, .. } = &self.shared.settings;
        let run_now = |defaults: &TriggerDefaults| DateTrigger::now().into_trigger(defaults);
        let slot = job.job_store().and_then(|alias| self.stores.get(alias).ok());
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
        self.shared.register(job.registration.clone())?;
        Ok(job)
    }

    /// Puts the job among the pending ones, if the scheduler has not started; whether it did.
    fn keep_pending(&self, job: &CheckedJob) -> Result<bool, SchedulerError> {
        if self.shared.phase.get() == SchedulerState::Stopping {
            return Err(SchedulerError::NotRunning);
        }
        self.pending.keep(job)
    }

    /// Adds the jobs that waited for the start to their stores, and lets jobs wait no more; or leaves them waiting,
    /// none of them stored. Jobs that were replaced stay replaced.
    pub(crate) async fn store_pending(&self) -> Result<(), SchedulerError> {
        let mut stored: Vec<(JobRef, Stored)> = Vec::new();
        while let Some(job) = self.pending.get_or_close(stored.len()) {
            match self.store_job(&job, &mut Place::Stores).await {
                Ok(how) => stored.push((job.reference(), how)),
                Err(error) => {
                    if matches!(error, SchedulerError::Store { .. }) {
                        self.pending.doubt(job.reference());
                    }
                    self.take_back(stored).await;
                    return Err(error);
                }
            }
        }
        for (job, how) in stored {
            self.emit_added(job, how);
        }
        Ok(())
    }

    /// Lets jobs wait again, until the next start.
    pub(crate) fn let_wait(&self) {
        self.pending.open();
    }

    /// Removes what a failed start has added; the jobs go on waiting.
    async fn take_back(&self, stored: Vec<(JobRef, Stored)>) {
        for (job, _) in stored.into_iter().filter(|(_, how)| *how == Stored::New) {
            let Ok(slot) = self.stores.get(&job.job_store) else { continue };
            if let Err(error) = slot.store.remove(std::slice::from_ref(&job.job_id)).await {
                tracing::error!(job = %job.job_id, error = %error_chain(&error), "a job of the failed start stays stored");
                self.pending.doubt(job);
            }
        }
    }

    /// Adds a job to its store.
    async fn store_job(
        &self,
        job: &CheckedJob,
        place: &mut Place<'_>,
    ) -> Result<Stored, SchedulerError> {
        let slot = self.stores.get(&job.job_store)?;
        if slot.caps.persistent && job.registration.is_transient() {
            return Err(SchedulerError::ClosureNotStorable {
                id: job.id.clone(),
                job_store: job.job_store.clone(),
            });
        }
        let noted = slot.store_zone_rules(&*job.trigger, place).await;
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

    /// Replaces a job that exists, if its description allows it. An unchanged job keeps its schedule.
    async fn replace(
        &self,
        slot: &Arc<Slot>,
        job: &CheckedJob,
        place: &mut Place<'_>,
    ) -> Result<Stored, SchedulerError> {
        if !job.replace_existing {
            return self.perhaps_stored(slot, job, place).await;
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
                        self.shared.forget_closure(&old.task);
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

    /// What there is of a job that exists and must not be replaced: a start that failed may have stored it without hearing
    /// of it.
    async fn perhaps_stored(
        &self,
        slot: &Slot,
        job: &CheckedJob,
        place: &mut Place<'_>,
    ) -> Result<Stored, SchedulerError> {
        if self.pending.is_perhaps_stored(job) {
            let found = place.get(slot, &job.id).await.map_err(|error| slot.error(error))?;
            if found.is_some_and(|found| is_described(&found, job)) {
                return Ok(Stored::New);
            }
        }
        Err(SchedulerError::job_exists(job))
    }

    fn emit_added(&self, job: JobRef, how: Stored) {
        if how != Stored::Unchanged {
            self.shared.bus.emit(Event::JobAdded(job));
        }
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
enum Stored {
    /// It is new there.
    New,
    /// It took the place of one of the same id.
    Replaced,
    /// It was there already.
    Unchanged,
}

/// Whether a stored job is what the description says; a start that a trigger took from the clock does
/// not count.
fn is_unchanged(old: &JobRecord, job: &CheckedJob) -> bool {
    !old.finished && job.first_run == RunAt::Trigger && is_described(old, job)
}

/// Whether a stored job is what the description says, whenever it runs next.
fn is_described(old: &JobRecord, job: &CheckedJob) -> bool {
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
