//! Moving a job to another store.

use std::sync::Arc;

use punctual_core::{
    AddOutcome, Alias, Event, JobProblem, JobRecord, NewRecord, RecordUpdate, Revision, StoreError,
    StoreErrorKind, StoredDefinition, error_chain,
};

use super::Jobs;
use super::selector::JobSelector;
use super::settled::may_have_unrecorded_runs;
use crate::error::SchedulerError;
use crate::job::Job;
use crate::shared::MAX_CONFLICT_ATTEMPTS;
use crate::store::{RegisteredStore, StoreAccess};

impl Jobs {
    /// Moves a job to the store with this alias.
    ///
    /// At no time both stores have a job that can run: the job is paused, copied as a paused one, activated in its new
    /// store, and removed from the old one.
    pub(crate) async fn move_job(
        self: &Arc<Self>,
        selector: JobSelector,
        alias: Alias,
    ) -> Result<Job, SchedulerError> {
        if !self.shared.scheduler_state.is_started() {
            return Err(SchedulerError::NotRunning);
        }
        let target = self.stores.get(&alias)?;
        // A move whose future is dropped continues: it would leave a paused job.
        let work = Arc::clone(self).move_to(selector, target);
        self.detach_on_drop(work).await
    }

    async fn move_to(
        self: Arc<Self>,
        selector: JobSelector,
        target: Arc<RegisteredStore>,
    ) -> Result<Job, SchedulerError> {
        for _ in 0..MAX_CONFLICT_ATTEMPTS {
            let (source, job) = self.find_stored(selector.clone()).await?;
            if Arc::ptr_eq(&source, &target) {
                return Ok(self.job(&source, &job.record));
            }
            let lease = self.shared.settings.lease;
            let job = self.wait_until_settled(&source, job, lease).await?;
            if may_have_unrecorded_runs(&source, &job) {
                return Err(source.error(StoreError::conflict(&job.record.id)));
            }
            self.check_idle(&source, &job.record)?;
            let record = job.record;
            let definition = self.check_move(&source, &target, &record).await?;
            // Conditional: a job that is changed, or has run, in the meantime is read again.
            let pause = RecordUpdate {
                schedule: Some(None),
                expected_run_time: Some(record.next_run_time()),
                ..Default::default()
            };
            let paused = match source.backend.update(&record.id, record.revision, pause).await {
                Ok(revision) => revision,
                Err(error) if error.kind() == StoreErrorKind::Conflict => continue,
                Err(error) => return Err(source.error(error)),
            };
            // A run may have started just before.
            let copied = match self.check_idle_now(&source, &record).await {
                Ok(()) => copy_paused(&target, &record, definition).await,
                Err(error) => Err(error),
            };
            if let Err(error) = copied {
                restore(&source, &record, paused).await;
                source.notify_changed();
                return Err(error);
            }
            let activation = RecordUpdate {
                schedule: Some(record.schedule),
                fire_count: Some(record.fire_count),
                ..Default::default()
            };
            let activated = target.backend.update(&record.id, Revision::FIRST, activation).await;
            activated.map_err(|error| target.error(error))?;
            self.shared.bus.emit(Event::JobAdded(target.job_ref(&record.id)));
            target.notify_changed();
            let removed = source.backend.remove(std::slice::from_ref(&record.id)).await;
            removed.map_err(|error| source.error(error))?;
            // Not `emit_job_removed`: the task of a closure stays registered.
            self.shared.bus.emit(Event::JobRemoved(source.job_ref(&record.id)));
            let found = target.backend.get(&record.id).await;
            let found = found.map_err(|error| target.error(error))?;
            // The job may already have completed and been removed.
            let record = found.map_or(record, |found| found.record);
            return Ok(self.job(&target, &record));
        }
        let (source, job) = self.find_stored(selector).await?;
        Err(source.error(StoreError::conflict(&job.record.id)))
    }

    /// Checks that the target can contain the job. Returns the form in which it is stored there.
    async fn check_move(
        &self,
        source: &RegisteredStore,
        target: &RegisteredStore,
        record: &JobRecord,
    ) -> Result<StoredDefinition, SchedulerError> {
        let unresolved =
            |problem| SchedulerError::job_unresolved(source.job_ref(&record.id), problem);
        let decoded = source.decode(record).map_err(unresolved)?;
        if target.caps.persistent && record.task.is_closure() {
            let (id, job_store) = (Some(record.id.clone()), target.alias.clone());
            return Err(SchedulerError::ClosureNotStorable { id, job_store });
        }
        if !target.caps.persistent && self.shared.task(&record.task).is_none() {
            // No other process could run it.
            let problem = JobProblem::UnknownTask(record.task.clone());
            return Err(unresolved(Arc::new(problem)));
        }
        let definition = target.definition(&record.id, &decoded.definition)?;
        let rules_stored =
            target.store_zone_rules(&*decoded.trigger, &mut StoreAccess::Autocommit).await;
        rules_stored.map_err(|error| target.error(error))?;
        Ok(definition)
    }

    /// Checks that no run of the job is known to be in progress: its record would stay in the old store.
    fn check_idle(
        &self,
        store: &Arc<RegisteredStore>,
        record: &JobRecord,
    ) -> Result<(), SchedulerError> {
        if record.in_flight == 0 && !record.finished && self.runs.count_of(store, &record.id) == 0 {
            return Ok(());
        }
        let (id, job_store) = (record.id.clone(), store.alias.clone());
        Err(SchedulerError::RunsInProgress { id, job_store })
    }

    /// The same for the current state of the job.
    async fn check_idle_now(
        &self,
        store: &Arc<RegisteredStore>,
        record: &JobRecord,
    ) -> Result<(), SchedulerError> {
        let found = store.backend.get(&record.id).await.map_err(|error| store.error(error))?;
        let found = found.ok_or_else(|| SchedulerError::job_not_found(&record.id, &store.alias))?;
        self.check_idle(store, &found.record)
    }
}

/// Adds a paused copy.
async fn copy_paused(
    target: &RegisteredStore,
    record: &JobRecord,
    definition: StoredDefinition,
) -> Result<(), SchedulerError> {
    let copy =
        NewRecord { id: record.id.clone(), task: record.task.clone(), definition, schedule: None };
    let added = target.backend.add(vec![copy]).await.map_err(|error| target.error(error))?;
    if added.first() == Some(&AddOutcome::Exists) {
        let (id, job_store) = (record.id.clone(), target.alias.clone());
        return Err(SchedulerError::JobExists { id, job_store });
    }
    Ok(())
}

/// Sets the schedule of a job again that could not be moved.
async fn restore(source: &RegisteredStore, record: &JobRecord, paused: Revision) {
    let update = RecordUpdate { schedule: Some(record.schedule), ..Default::default() };
    if let Err(error) = source.backend.update(&record.id, paused, update).await {
        tracing::error!(
            target: "punctual::scheduler", store = %source.alias, job = %record.id,
            error = %error_chain(&error), "a job that could not be moved stays paused"
        );
    }
}
