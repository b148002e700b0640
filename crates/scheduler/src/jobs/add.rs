//! Adding jobs.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use punctual_core::{
    AddOutcome, Event, JobDefinition, JobId, JobRecord, JobRef, NewRecord, RecordUpdate, Schedule,
    StoreError, StoreErrorKind, Tasks, error_chain,
};

use super::Jobs;
use super::merge::{Merged, has_same_definition, merge};
use crate::error::SchedulerError;
use crate::job::{CheckedJob, Job, NewJob, RunAt};
use crate::shared::{MAX_CONFLICT_ATTEMPTS, SchedulerState, Settings};
use crate::store::{RegisteredStore, StoreAccess};

impl Jobs {
    /// Adds a job: to its store if the scheduler is started, else to the pending jobs.
    pub(crate) async fn add_job(&self, job: NewJob) -> Result<Job, SchedulerError> {
        let job = self.check(job)?;
        let is_pending = self.add_if_accepting(&job);
        let is_pending = is_pending.inspect_err(|_| self.unregister(&job))?;
        if is_pending {
            return Ok(self.pending_job(&job));
        }
        self.add_checked(job, &mut StoreAccess::Autocommit).await
    }

    /// Adds a job in a caller's transaction. The scheduler must be started: a transaction can't include pending jobs.
    pub(crate) async fn add_job_in_transaction(
        &self,
        job: NewJob,
        access: &mut StoreAccess<'_>,
    ) -> Result<Job, SchedulerError> {
        if !self.shared.scheduler_state.is_started() {
            return Err(SchedulerError::NotRunning);
        }
        self.add_checked(self.check(job)?, access).await
    }

    async fn add_checked(
        &self,
        job: CheckedJob,
        access: &mut StoreAccess<'_>,
    ) -> Result<Job, SchedulerError> {
        let (result, schedule) =
            self.store_job(&job, access).await.inspect_err(|_| self.unregister(&job))?;
        let store = self.stores.get(&job.job_store)?;
        if access.is_autocommit() {
            self.emit_added(job.reference(), result);
            match (result, schedule) {
                (AddResult::New, None) => {}
                (AddResult::New, Some(schedule)) => store.notify_due(schedule.due_at),
                _ => store.notify_changed(),
            }
        }
        if result == AddResult::New {
            // Not read again: that would be another round trip, and the job may already have completed.
            return Ok(self.added_job(&job, schedule));
        }
        let record = access.get(&store, &job.id).await.map_err(|error| store.error(error))?;
        // The job may already have completed and been removed.
        Ok(record.map_or_else(|| self.pending_job(&job), |record| self.job(&store, &record)))
    }

    /// Adds many jobs, with one call for each store, and returns their ids in the given order. Stores are processed in order. If a job can't be added, later
    /// stores are not changed.
    pub(crate) async fn add_jobs(&self, jobs: Vec<NewJob>) -> Result<Vec<JobId>, SchedulerError> {
        let jobs = self.check_all(jobs)?;
        let ids = jobs.iter().map(|job| job.id.clone()).collect();
        let mut by_store: Vec<(Arc<RegisteredStore>, Vec<CheckedJob>)> = Vec::new();
        for job in jobs {
            if self.add_if_accepting(&job)? {
                continue;
            }
            let store = self.stores.get(&job.job_store)?;
            match by_store.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &store)) {
                Some((_, jobs)) => jobs.push(job),
                None => by_store.push((store, vec![job])),
            }
        }
        for (store, jobs) in by_store {
            for job in &jobs {
                let rules_stored =
                    store.store_zone_rules(&*job.trigger, &mut StoreAccess::Autocommit).await;
                rules_stored.map_err(|error| store.error(error))?;
            }
            let records = jobs.iter().map(|job| self.record(&store, job));
            let records = records.collect::<Result<Vec<_>, _>>()?;
            let due_at = records.iter().filter_map(|new| Some(new.schedule?.due_at)).min();
            let outcomes =
                add_in_parts(&store, records).await.map_err(|error| store.error(error))?;
            if let Some(due_at) = due_at {
                store.notify_due(due_at);
            }
            let mut failed = None;
            for (job, outcome) in jobs.iter().zip(outcomes) {
                let stored = match outcome {
                    AddOutcome::Added => Ok(AddResult::New),
                    AddOutcome::Exists if failed.is_some() => continue,
                    AddOutcome::Exists => {
                        store.notify_changed();
                        self.replace(&store, job, &mut StoreAccess::Autocommit).await
                    }
                };
                match stored {
                    Ok(result) => self.emit_added(job.reference(), result),
                    Err(error) => failed = Some(error),
                }
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(ids)
    }

    /// Registers tasks, and adds the jobs of the schedules that are declared with them. Returns the ids of these jobs.
    pub(crate) async fn add_tasks(&self, tasks: Tasks) -> Result<Vec<JobId>, SchedulerError> {
        let tasks = tasks.registrations().collect::<Result<Vec<_>, _>>()?;
        let jobs = tasks.iter().filter_map(|task| NewJob::declared(task).transpose());
        let jobs = jobs.collect::<Result<Vec<_>, _>>()?;
        for task in tasks {
            if self.shared.register(task)? {
                // Stored jobs of the task can be run from now on.
                self.stores.all().iter().for_each(|store| store.notify_changed());
            }
        }
        self.add_jobs(jobs).await
    }

    /// Adds jobs to the pending jobs of a scheduler that has not been started.
    pub(crate) fn add_pending(&self, jobs: Vec<NewJob>) -> Result<(), SchedulerError> {
        for job in self.check_all(jobs)? {
            self.add_if_accepting(&job)?;
        }
        Ok(())
    }

    /// Checks the definitions of jobs and registers their tasks. If one is invalid, no closure stays registered.
    fn check_all(&self, jobs: Vec<NewJob>) -> Result<Vec<CheckedJob>, SchedulerError> {
        let mut checked: Vec<CheckedJob> = Vec::with_capacity(jobs.len());
        for job in jobs {
            let job = self.check(job).inspect_err(|_| {
                checked
                    .iter()
                    .for_each(|job| self.shared.unregister_closure(job.registration.name()));
            })?;
            checked.push(job);
        }
        Ok(checked)
    }

    /// Checks the definition of a job and registers its task.
    fn check(&self, job: NewJob) -> Result<CheckedJob, SchedulerError> {
        let Settings { job_defaults, codec, .. } = &self.shared.settings;
        let store = job.job_store().map(|alias| self.stores.get(alias)).transpose();
        let store = store.map_err(|error| error.used_by(job.chosen_id()))?;
        let defaults = self.trigger_defaults(store.as_deref());
        let mut job = job.check(job_defaults, &defaults, *codec)?;
        // An invalid alias is an error above.
        if let Some(store) = store {
            check_storable(&store, &job)?;
            if self.pending.is_accepting() {
                // A trigger that never fires, or a job that is too large, would fail the start.
                self.record(&store, &job)?;
            }
            store.share(&mut job)?;
        }
        self.check_executor(&job.definition).map_err(|error| error.used_by(job.chosen_id()))?;
        if self.shared.register(job.registration.clone())? {
            // Stored jobs of the task can be run from now on.
            self.stores.all().iter().for_each(|store| store.notify_changed());
        }
        Ok(job)
    }

    /// Checks that this scheduler has the executor of a job, and that it can run the job's task. Jobs of a client are
    /// run by other processes.
    pub(super) fn check_executor(&self, definition: &JobDefinition) -> Result<(), SchedulerError> {
        if self.shared.settings.client_only {
            return Ok(());
        }
        let JobDefinition { executor: alias, task, .. } = definition;
        let executor = self.shared.executor(alias);
        let executor = executor.ok_or_else(|| self.shared.unknown_executor(alias))?;
        executor.check_task(task).map_err(|source| SchedulerError::UnsupportedTask {
            executor: alias.clone(),
            task: task.clone(),
            source,
        })
    }

    /// Unregisters the closure of a job that was not added.
    fn unregister(&self, job: &CheckedJob) {
        self.shared.unregister_closure(job.registration.name());
    }

    /// Adds the job to the pending jobs if the scheduler is not started. Returns `true` if it did.
    fn add_if_accepting(&self, job: &CheckedJob) -> Result<bool, SchedulerError> {
        if self.shared.scheduler_state.get() == SchedulerState::Stopping {
            return Err(SchedulerError::NotRunning);
        }
        self.pending.add_if_accepting(job)
    }

    /// Adds the pending jobs to their stores, and stops accepting pending jobs. If a job can't be added, the jobs added
    /// so far are removed again and all jobs stay pending. Stored jobs that were replaced stay replaced.
    pub(crate) async fn store_pending(&self) -> Result<(), SchedulerError> {
        let mut stored: Vec<(JobRef, AddResult)> = Vec::new();
        let mut last = None;
        while let Some((position, job)) = self.pending.next_or_close(last) {
            last = Some(position);
            match self.store_job(&job, &mut StoreAccess::Autocommit).await {
                Ok((result, _)) => stored.push((job.reference(), result)),
                Err(error) => {
                    if matches!(error, SchedulerError::Store { .. }) {
                        self.pending.mark_possibly_stored(job.reference());
                    }
                    self.roll_back(stored).await;
                    return Err(error);
                }
            }
        }
        for (job, result) in stored {
            self.emit_added(job, result);
        }
        Ok(())
    }

    /// Accepts pending jobs again, until the next start.
    pub(crate) fn reopen_pending(&self) {
        self.pending.reopen();
    }

    /// Removes the jobs that a failed start has added. They stay pending.
    async fn roll_back(&self, stored: Vec<(JobRef, AddResult)>) {
        for (job, _) in stored.into_iter().filter(|(_, result)| result.is_addition()) {
            let Ok(store) = self.stores.get(&job.job_store) else { continue };
            if let Err(error) = store.backend.remove(std::slice::from_ref(&job.job_id)).await {
                tracing::error!(target: "punctual::scheduler", job = %job.job_id, error = %error_chain(&error), "a job added by the failed start could not be removed");
                self.pending.mark_possibly_stored(job);
            }
        }
    }

    /// Adds a job to its store. Returns its first schedule as well, which is that of the stored job if it is
    /// [`New`](AddResult::New).
    async fn store_job(
        &self,
        job: &CheckedJob,
        access: &mut StoreAccess<'_>,
    ) -> Result<(AddResult, Option<Schedule>), SchedulerError> {
        let store = self.stores.get(&job.job_store)?;
        check_storable(&store, job)?;
        let rules_stored = store.store_zone_rules(&*job.trigger, access).await;
        rules_stored.map_err(|error| store.error(error))?;
        let record = self.record(&store, job)?;
        let schedule = record.schedule;
        let result = match access.add(&store, record).await.map_err(|error| store.error(error))? {
            AddOutcome::Exists => self.replace(&store, job, access).await?,
            AddOutcome::Added => AddResult::New,
        };
        Ok((result, schedule))
    }

    fn record(
        &self,
        store: &RegisteredStore,
        job: &CheckedJob,
    ) -> Result<NewRecord, SchedulerError> {
        Ok(NewRecord {
            id: job.id.clone(),
            task: job.definition.task.clone(),
            definition: store.definition(&job.id, &job.definition)?,
            schedule: self.first_schedule(store, job)?,
        })
    }

    /// Replaces an existing job if the definition allows it. A job with the same trigger keeps its schedule.
    async fn replace(
        &self,
        store: &Arc<RegisteredStore>,
        job: &CheckedJob,
        access: &mut StoreAccess<'_>,
    ) -> Result<AddResult, SchedulerError> {
        if !job.replace_existing {
            return self.accept_possibly_stored(store, job, access).await;
        }
        for _ in 0..MAX_CONFLICT_ATTEMPTS {
            let found = access.get(store, &job.id).await.map_err(|error| store.error(error))?;
            let Some(old) = found else {
                // The job was removed in the meantime.
                let added = access.add(store, self.record(store, job)?).await;
                if added.map_err(|error| store.error(error))? == AddOutcome::Added {
                    return Ok(AddResult::Confirmed);
                }
                continue;
            };
            let keeps_schedule = !old.finished && !matches!(job.first_run(), RunAt::Instant(_));
            let merged = merge(&old, job).filter(|merged| {
                keeps_schedule && (merged.is_unchanged || !merged.is_another_date)
            });
            let update = match merged {
                Some(Merged { definition, is_unchanged, .. }) => {
                    let schedule = self.pause_or_resume(store, &old, job)?;
                    if is_unchanged && schedule.is_none() {
                        return Ok(AddResult::Unchanged);
                    }
                    let task = definition.task.clone();
                    let stored = store.definition(&job.id, &Arc::new(definition))?;
                    let definition = Some((task, stored));
                    RecordUpdate { definition, schedule, ..RecordUpdate::default() }
                }
                None => {
                    let record = self.record(store, job)?;
                    RecordUpdate {
                        definition: Some((record.task, record.definition)),
                        schedule: Some(record.schedule),
                        expected_run_time: Some(old.next_run_time()),
                        // The trigger is different, so `max_runs` counts from here.
                        fire_count: Some(0),
                    }
                }
            };
            let schedule = update.schedule;
            match access.update(store, &job.id, old.revision, update).await {
                Ok(_) => {
                    if let Some(schedule) = schedule.filter(|_| access.is_autocommit()) {
                        self.report_dropped(store, &old, schedule);
                    }
                    if old.task != job.definition.task {
                        self.shared.unregister_closure(&old.task);
                    }
                    return Ok(AddResult::Replaced);
                }
                Err(error) if error.kind() == StoreErrorKind::Conflict => {}
                Err(error) if error.kind() == StoreErrorKind::NotFound => {}
                Err(error) => return Err(store.error(error)),
            }
        }
        Err(store.error(StoreError::conflict(&job.id)))
    }

    /// The new schedule of a job that is added again with the same trigger, if it is paused or resumed thereby.
    fn pause_or_resume(
        &self,
        store: &RegisteredStore,
        old: &JobRecord,
        job: &CheckedJob,
    ) -> Result<Option<Option<Schedule>>, SchedulerError> {
        if job.first_run() == RunAt::Paused {
            return Ok(old.schedule.is_some().then_some(None));
        }
        if !job.is_resumed || old.schedule.is_some() {
            return Ok(None);
        }
        // The stored trigger has the start of the job's interval.
        let decoded = store.decode(old).ok();
        let trigger = decoded.as_ref().map_or(&*job.trigger, |stored| &*stored.trigger);
        self.schedule_from_now(Some(store), job.chosen_id(), trigger).map(|next| Some(Some(next)))
    }

    /// Handles an existing job that must not be replaced. A failed start may have stored it although the store's
    /// response was lost.
    async fn accept_possibly_stored(
        &self,
        store: &RegisteredStore,
        job: &CheckedJob,
        access: &mut StoreAccess<'_>,
    ) -> Result<AddResult, SchedulerError> {
        if self.pending.is_possibly_stored(job) {
            let found = access.get(store, &job.id).await.map_err(|error| store.error(error))?;
            if found.is_some_and(|found| has_same_definition(&found, job)) {
                return Ok(AddResult::Confirmed);
            }
        }
        Err(SchedulerError::job_exists(job))
    }

    fn emit_added(&self, job: JobRef, result: AddResult) {
        if result != AddResult::Unchanged {
            self.shared.bus.emit(Event::JobAdded(job));
        }
    }
}

/// Checks that the job is not a closure that the store would have to persist.
fn check_storable(store: &RegisteredStore, job: &CheckedJob) -> Result<(), SchedulerError> {
    if !store.caps.persistent || !job.registration.is_transient() {
        return Ok(());
    }
    let (id, job_store) = (job.chosen_id().cloned(), job.job_store.clone());
    Err(SchedulerError::ClosureNotStorable { id, job_store })
}

/// How many batches are added at the same time, so that a server does not wait while the next one is sent.
const CONCURRENT_PARTS: usize = 2;

/// Adds jobs in batches of the size that the store accepts.
async fn add_in_parts(
    store: &RegisteredStore,
    records: Vec<NewRecord>,
) -> Result<Vec<AddOutcome>, StoreError> {
    let limit = store.caps.max_batch;
    let mut records = records.into_iter();
    let mut parts: Vec<Vec<NewRecord>> = Vec::new();
    while !records.as_slice().is_empty() {
        let count = limit.fitting(records.as_slice(), |job| job.definition.as_bytes().len());
        parts.push(records.by_ref().take(count).collect());
    }
    // Of jobs with the same id, the first one has to be added first.
    let at_once = if has_duplicates(&parts) { 1 } else { CONCURRENT_PARTS };
    let added: Vec<Vec<AddOutcome>> = stream::iter(parts)
        .map(|part| store.backend.add(part))
        .buffered(at_once)
        .try_collect()
        .await?;
    Ok(added.into_iter().flatten().collect())
}

fn has_duplicates(parts: &[Vec<NewRecord>]) -> bool {
    let mut seen = HashSet::new();
    parts.len() > 1 && !parts.iter().flatten().all(|job| seen.insert(&job.id))
}

/// Result of adding a job to its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AddResult {
    /// The job was added.
    New,
    /// The job was added by a repeated or an earlier attempt, with another schedule.
    Confirmed,
    /// The job replaced one with the same id.
    Replaced,
    /// The job was already stored, with the same definition.
    Unchanged,
}

impl AddResult {
    /// Whether the job did not exist before.
    fn is_addition(self) -> bool {
        matches!(self, Self::New | Self::Confirmed)
    }
}
