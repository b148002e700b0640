//! Changing jobs.

use std::sync::Arc;

use punctual_core::{
    Event, IntoTrigger, Job, JobChange, JobDefinition, JobId, JobProblem, JobRecord, JobRef,
    RecordUpdate, RunAt, Schedule, StoreError, StoreErrorKind, Trigger,
};

use super::add::CONFLICT_RETRIES;
use super::life::SchedulerState;
use super::manage::Found;
use super::selector::JobSelector;
use super::slot::Slot;
use super::{Engine, Place};
use crate::SchedulerError;

impl Engine {
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
        schedule: impl Fn(
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
            Found::Stored(slot, mut record) => {
                if let Some(trigger) = &changed.trigger {
                    let noted = self.store_zone_rules(&slot, &**trigger, place).await;
                    noted.map_err(|error| slot.error(error))?;
                    // One that stays was not computed by the new trigger.
                    let stays = record.schedule.filter(|_| new_schedule.is_none());
                    changed.definition.first_run = stays.map(|schedule| schedule.next_run_time);
                }
                let task = changed.definition.task.clone();
                let encoded = changed.definition.encode().map_err(punctual_core::JobError::from)?;
                slot.check_size(&id, &encoded)?;
                let mut update = RecordUpdate {
                    definition: Some((task, encoded)),
                    // Another course: `max_runs` counts from here.
                    restart: new_schedule.is_some(),
                    schedule: new_schedule,
                    expected_run_time: new_schedule.map(|_| record.next_run_time()),
                };
                let mut attempts = 0;
                while let Err(error) = self.update(&slot, &record, update.clone(), place).await {
                    attempts += 1;
                    let now = place.get(&slot, &id).await.map_err(|error| slot.error(error))?;
                    match (now, &changed.trigger) {
                        // Only run since: it goes on from here.
                        (Some(now), Some(trigger))
                            if is_conflict(&error)
                                && now.revision == record.revision
                                && attempts < CONFLICT_RETRIES =>
                        {
                            record = now;
                            update.schedule = schedule(Some(&slot), &id, &**trigger)?;
                            update.expected_run_time = Some(record.next_run_time());
                        }
                        _ => return Err(error),
                    }
                }
                self.modified(&slot, record, update, place).await?
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
        mut record: JobRecord,
        update: RecordUpdate,
        place: &mut Place<'_>,
    ) -> Result<Job, SchedulerError> {
        if place.is_final() {
            self.changed(slot);
            let job = JobRef { job_id: record.id.clone(), job_store: slot.alias.clone() };
            self.bus.emit(Event::JobModified(job));
        }
        if let Some(now) = place.get(slot, &record.id).await.map_err(|error| slot.error(error))? {
            return Ok(self.job(slot, &now));
        }
        // Run and gone already: as it was changed.
        if let Some((task, definition)) = update.definition {
            (record.task, record.definition) = (task, definition);
        }
        record.schedule = update.schedule.unwrap_or(record.schedule);
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
            let update = RecordUpdate {
                schedule: Some(schedule),
                // A pause follows from nothing.
                expected_run_time: schedule.map(|_| record.next_run_time()),
                ..Default::default()
            };
            match self.update(&slot, &record, update.clone(), place).await {
                Ok(()) => return self.modified(&slot, record, update, place).await,
                Err(error) if is_conflict(&error) => {}
                Err(error) => return Err(error),
            }
        }
        let (slot, record) = self.find_stored(selector).await?;
        Err(slot.error(StoreError::conflict(&record.id)))
    }
}

/// Whether somebody else has changed the job in the meantime, or has run it.
fn is_conflict(error: &SchedulerError) -> bool {
    matches!(error, SchedulerError::Store { source, .. } if source.kind() == StoreErrorKind::Conflict)
}
