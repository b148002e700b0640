//! Changing jobs.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    Event, IntoTrigger, JobDefinition, JobId, JobProblem, JobRecord, JobRef, RecordUpdate,
    Schedule, StoreError, StoreErrorKind, TaskName, Trigger,
};

use super::Jobs;
use super::find::Found;
use super::selector::JobSelector;
use crate::error::SchedulerError;
use crate::job::{CheckedChange, Job, JobChange, RunAt};
use crate::shared::MAX_CONFLICT_ATTEMPTS;
use crate::store::{RegisteredStore, StoreAccess};

/// Maximum time that a change of the trigger waits until the claim of the job is settled. A claim that is open for longer
/// belongs to a process that has died or can't reach the store.
const SETTLE_TIMEOUT: Duration = Duration::from_millis(50);

/// Computes the schedule for a new trigger. Returns `None` if the current schedule is kept.
trait ComputeSchedule:
    Fn(
    Option<&RegisteredStore>,
    &JobId,
    &dyn Trigger,
) -> Result<Option<Option<Schedule>>, SchedulerError>
{
}

impl<F> ComputeSchedule for F where
    F: Fn(
        Option<&RegisteredStore>,
        &JobId,
        &dyn Trigger,
    ) -> Result<Option<Option<Schedule>>, SchedulerError>
{
}

impl Jobs {
    /// Changes the definition of a job. Its schedule is kept.
    pub(crate) async fn modify_job(
        &self,
        selector: JobSelector,
        change: JobChange,
        access: &mut StoreAccess<'_>,
    ) -> Result<Job, SchedulerError> {
        self.change(selector, change, |_, _, _| Ok(None), access).await
    }

    /// Replaces the trigger of a job and recomputes its schedule from the current time.
    pub(crate) async fn reschedule_job(
        &self,
        selector: JobSelector,
        trigger: impl IntoTrigger + Send + 'static,
        access: &mut StoreAccess<'_>,
    ) -> Result<Job, SchedulerError> {
        let change = JobChange::new().trigger(trigger);
        let from_now = |store: Option<&RegisteredStore>, id: &JobId, trigger: &dyn Trigger| {
            self.schedule_from_now(store, Some(id), trigger).map(|schedule| Some(Some(schedule)))
        };
        self.change(selector, change, from_now, access).await
    }

    async fn change(
        &self,
        selector: JobSelector,
        change: JobChange,
        schedule: impl ComputeSchedule,
        access: &mut StoreAccess<'_>,
    ) -> Result<Job, SchedulerError> {
        match self.find(selector, access).await? {
            Found::Stored(store, job) => {
                let change =
                    change.check(&self.trigger_defaults(Some(&store)), self.shared.settings.codec);
                let change = change?;
                let record = match change.trigger() {
                    // The change ends a claim.
                    Some(_) if access.is_autocommit() => {
                        self.wait_until_settled(&store, job, SETTLE_TIMEOUT).await?.record
                    }
                    _ => job.record,
                };
                self.change_stored(store, record, change, schedule, access).await
            }
            Found::Pending(job) => {
                let change =
                    change.check(&self.trigger_defaults(None), self.shared.settings.codec)?;
                self.change_pending(&job, &change, schedule)
            }
        }
    }

    fn change_pending(
        &self,
        job: &JobRef,
        change: &CheckedChange,
        schedule: impl ComputeSchedule,
    ) -> Result<Job, SchedulerError> {
        let mut definition = JobDefinition::clone(&self.pending.get(job)?.definition);
        let old_task = definition.task.clone();
        change.apply(&mut definition)?;
        self.check_changed_executor(change, &definition)?;
        let is_rescheduled = match change.trigger() {
            Some(trigger) => schedule(None, &job.job_id, &**trigger)?.is_some(),
            None => false,
        };
        if let Some(registration) = change.registration() {
            self.shared.register(registration.clone())?;
        }
        let changed = self.pending.change(job, |job| {
            job.definition = Arc::new(definition);
            if is_rescheduled {
                job.set_first_run(RunAt::Trigger);
            }
            if let Some(trigger) = change.trigger() {
                job.trigger = Arc::clone(trigger);
            }
            if let Some(registration) = change.registration() {
                job.registration = registration.clone();
            }
        });
        // The job may have been removed or stored concurrently.
        let changed = changed.inspect_err(|_| self.unregister_new_closure(change))?;
        let changed = self.pending_job(&changed);
        self.unregister_replaced_closure(&changed, &old_task);
        Ok(changed)
    }

    /// Changes a stored job.
    async fn change_stored(
        &self,
        store: Arc<RegisteredStore>,
        record: JobRecord,
        change: CheckedChange,
        schedule: impl ComputeSchedule,
        access: &mut StoreAccess<'_>,
    ) -> Result<Job, SchedulerError> {
        let UpdatedDefinition { record, update, old_task } = self
            .update_definition(&store, record, &change, schedule, access)
            .await
            .inspect_err(|_| self.unregister_new_closure(&change))?;
        let job = self.finish_change(&store, record, update, access).await?;
        self.unregister_replaced_closure(&job, &old_task);
        Ok(job)
    }

    /// Stores the changed definition of a job. If the job was changed concurrently, the change is applied to the new
    /// definition: concurrent changes are merged, and for a field that both set, the later change applies.
    async fn update_definition(
        &self,
        store: &Arc<RegisteredStore>,
        mut record: JobRecord,
        change: &CheckedChange,
        schedule: impl ComputeSchedule,
        access: &mut StoreAccess<'_>,
    ) -> Result<UpdatedDefinition, SchedulerError> {
        let id = record.id.clone();
        for attempt in 1..=MAX_CONFLICT_ATTEMPTS {
            let mut definition = stored_definition(store, &record)?;
            let old_task = definition.task.clone();
            change.apply(&mut definition)?;
            self.check_changed_executor(change, &definition)?;
            let mut kept_schedule = None;
            let new_schedule = match change.trigger() {
                Some(trigger) => schedule(Some(store), &id, &**trigger)?,
                None => None,
            };
            if let Some(registration) = change.registration().filter(|_| attempt == 1) {
                if store.caps.persistent && registration.is_transient() {
                    let job_store = store.alias.clone();
                    return Err(SchedulerError::ClosureNotStorable { id: Some(id), job_store });
                }
                self.shared.register(registration.clone())?;
            }
            if let Some(trigger) = change.trigger() {
                let rules_stored = store.store_zone_rules(&**trigger, access).await;
                rules_stored.map_err(|error| store.error(error))?;
                // A kept run time was not computed by the new trigger, so it is treated like one set by the user. It is
                // stored as a new schedule: an open claim would be settled with the next run time of the old trigger.
                let kept = record.next_run_time().filter(|_| new_schedule.is_none());
                definition.first_run = kept;
                kept_schedule = kept.map(|kept| Some(Schedule::at(kept)));
            }
            let task = definition.task.clone();
            let definition = store.definition(&id, &Arc::new(definition))?;
            let schedule = new_schedule.or(kept_schedule);
            let update = RecordUpdate {
                definition: Some((task, definition)),
                // With a new schedule `max_runs` counts from here.
                fire_count: new_schedule.map(|_| 0),
                schedule,
                expected_run_time: schedule.map(|_| record.next_run_time()),
            };
            match self.update(store, &record, update.clone(), access).await {
                Ok(()) => return Ok(UpdatedDefinition { record, update, old_task }),
                Err(error) if is_conflict(&error) => {
                    let found = access.get(store, &id).await.map_err(|error| store.error(error))?;
                    let found =
                        found.ok_or_else(|| SchedulerError::job_not_found(&id, &store.alias))?;
                    if !access.is_autocommit() && is_unmodified(&found, &record) {
                        // The transaction does not see the concurrent change, so a retry in it would fail again.
                        return Err(error);
                    }
                    record = found;
                }
                Err(error) => return Err(error),
            }
        }
        Err(store.error(StoreError::conflict(&id)))
    }

    /// Checks the executor and the task of a definition if the change sets one of them.
    fn check_changed_executor(
        &self,
        change: &CheckedChange,
        definition: &JobDefinition,
    ) -> Result<(), SchedulerError> {
        if change.executor().is_none() && change.registration().is_none() {
            return Ok(());
        }
        self.check_executor(definition)
    }

    /// Unregisters the closure of a change that was not applied.
    fn unregister_new_closure(&self, change: &CheckedChange) {
        if let Some(registration) = change.registration() {
            self.shared.unregister_closure(registration.name());
        }
    }

    /// Unregisters the closure that a changed job ran before, if its task has changed.
    fn unregister_replaced_closure(&self, job: &Job, old_task: &TaskName) {
        if job.task != *old_task {
            self.shared.unregister_closure(old_task);
        }
    }

    pub(super) async fn update(
        &self,
        store: &RegisteredStore,
        record: &JobRecord,
        update: RecordUpdate,
        access: &mut StoreAccess<'_>,
    ) -> Result<(), SchedulerError> {
        let updated = access.update(store, &record.id, record.revision, update).await;
        updated.map(drop).map_err(|error| match error.kind() {
            StoreErrorKind::NotFound => SchedulerError::job_not_found(&record.id, &store.alias),
            _ => store.error(error),
        })
    }

    /// Emits `JobModified` and returns the current job.
    pub(super) async fn finish_change(
        &self,
        store: &Arc<RegisteredStore>,
        mut record: JobRecord,
        update: RecordUpdate,
        access: &mut StoreAccess<'_>,
    ) -> Result<Job, SchedulerError> {
        if access.is_autocommit() {
            store.notify_changed();
            let job = store.job_ref(&record.id);
            self.shared.bus.emit(Event::JobModified(job));
            if let Some(schedule) = update.schedule {
                self.report_dropped(store, &record, schedule);
            }
        }
        if let Some(now) =
            access.get(store, &record.id).await.map_err(|error| store.error(error))?
        {
            return Ok(self.job(store, &now));
        }
        // The job has run and been removed in the meantime: return it as it was after the change.
        if let Some((task, definition)) = update.definition {
            (record.task, record.definition) = (task, definition);
        }
        record.schedule = update.schedule.unwrap_or(record.schedule);
        Ok(self.job(store, &record))
    }
}

/// A job whose definition was stored: its record before the update, the update, and the task before it.
struct UpdatedDefinition {
    record: JobRecord,
    update: RecordUpdate,
    old_task: TaskName,
}

fn stored_definition(
    store: &RegisteredStore,
    record: &JobRecord,
) -> Result<JobDefinition, SchedulerError> {
    record.definition.decode().map(Arc::unwrap_or_clone).map_err(|error| {
        let problem = Arc::new(JobProblem::Undecodable(error));
        SchedulerError::job_unresolved(store.job_ref(&record.id), problem)
    })
}

/// Whether the job has been neither changed nor run between the two reads.
pub(super) fn is_unmodified(one: &JobRecord, other: &JobRecord) -> bool {
    (one.revision, one.schedule) == (other.revision, other.schedule)
}

/// Whether the job was changed or run concurrently.
pub(super) fn is_conflict(error: &SchedulerError) -> bool {
    matches!(error, SchedulerError::Store { source, .. } if source.kind() == StoreErrorKind::Conflict)
}
