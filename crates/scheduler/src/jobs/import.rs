//! Importing jobs.

use std::sync::Arc;

use punctual_core::{
    AddOutcome, Event, JobId, JobProblem, JobRef, NewRecord, RecordUpdate, Revision, Schedule,
    StoreError, StoreErrorKind, StoredDefinition, TaskName, Trigger,
};

use super::Jobs;
use super::export::{ExportedJob, JobExport, JobSubject};
use crate::error::SchedulerError;
use crate::import_error::ImportError;
use crate::shared::MAX_CONFLICT_ATTEMPTS;
use crate::store::{RegisteredStore, StoreAccess};

/// What an import does with a job whose id exists in its store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnConflict {
    /// The import fails, and nothing is imported.
    #[default]
    Fail,
    /// The existing job is kept.
    Skip,
    /// The imported job replaces it, with its schedule and number of runs.
    Replace,
}

/// The result of an import.
#[derive(Debug, Default)]
#[non_exhaustive]
#[must_use = "some jobs may not have been imported"]
pub struct JobImport {
    /// The jobs that were added.
    pub added: Vec<JobRef>,
    /// The existing jobs that were replaced.
    pub replaced: Vec<JobRef>,
    /// The existing jobs that were kept.
    pub skipped: Vec<JobRef>,
    /// The jobs that were not imported, with the reasons: another process added a job with the same id during the import,
    /// or changed the job all the time.
    pub failed: Vec<(JobRef, SchedulerError)>,
    /// The error of a store that ended the import early. A job that is in none of the lists may have been added, as
    /// a paused job; the import can be repeated with [`OnConflict::Replace`].
    pub interrupted: Option<SchedulerError>,
}

/// A job that can be imported.
pub(super) struct CheckedImport {
    id: JobId,
    task: TaskName,
    definition: StoredDefinition,
    trigger: Arc<dyn Trigger>,
    schedule: Option<Schedule>,
    fire_count: u64,
}

/// The jobs to import into one store.
type StoreImport = (Arc<RegisteredStore>, Vec<CheckedImport>);

/// The outcome for one job.
enum Imported {
    Added,
    Replaced,
    Skipped,
}

impl Jobs {
    /// Imports jobs, after all of them have been checked.
    pub(crate) async fn import_jobs(
        self: &Arc<Self>,
        export: JobExport,
        on_conflict: OnConflict,
    ) -> Result<JobImport, SchedulerError> {
        if !self.shared.scheduler_state.is_started() {
            return Err(SchedulerError::NotRunning);
        }
        export.check_unique()?;
        let mut stores: Vec<StoreImport> = Vec::new();
        for job in export.jobs {
            let (store, job) = self.check_import(job)?;
            match stores.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &store)) {
                Some((_, jobs)) => jobs.push(job),
                None => stores.push((store, vec![job])),
            }
        }
        if on_conflict == OnConflict::Fail {
            for (store, jobs) in &stores {
                for job in jobs {
                    let found = store.backend.get(&job.id).await;
                    if found.map_err(|error| store.error(error))?.is_some() {
                        return Err(job_exists(store, &job.id));
                    }
                }
            }
        }
        // An import whose future is dropped continues: it would leave paused jobs.
        let work = Arc::clone(self).import_checked(stores, on_conflict);
        Ok(self.detach_on_drop(work).await)
    }

    /// Checks that this scheduler can run the job, and that its store can contain it.
    fn check_import(
        &self,
        exported: ExportedJob,
    ) -> Result<(Arc<RegisteredStore>, CheckedImport), ImportError> {
        let ExportedJob { job, definition, schedule, fire_count } = exported;
        let JobRef { job_store: alias, job_id: id, .. } = job;
        let subject = JobSubject(&id);
        let store = self.stores.get(&alias).map_err(|error| {
            ImportError::invalid(&subject, "job_store", format_args!("{alias:?}"), error)
        })?;
        let size = format!("a value of {} bytes", definition.as_bytes().len());
        let definition = punctual_core::JobDefinition::decode(definition.as_bytes())
            .map_err(|error| ImportError::invalid(&subject, "definition", &size, error))?;
        let task = definition.task.clone();
        let task_error = |error: JobProblem| {
            ImportError::invalid(&subject, "definition.task", format_args!("{task:?}"), error)
        };
        match self.shared.task(&task).filter(|_| !task.is_closure()) {
            Some(registered) => registered.check(&definition.args).map_err(|error| {
                let size = definition.args.as_bytes().len();
                let value = format_args!("a value of {size} bytes");
                ImportError::invalid(&subject, "definition.args", value, error)
            })?,
            // The jobs of a client are run by other processes.
            None if self.shared.settings.client_only && !task.is_closure() => {}
            None => return Err(task_error(JobProblem::UnknownTask(task.clone()))),
        }
        self.check_executor(&definition).map_err(|error| {
            let executor = format_args!("{:?}", definition.executor);
            ImportError::invalid(&subject, "definition.executor", executor, error)
        })?;
        definition.options.check().map_err(|error| {
            let options = format_args!("{:?}", definition.options);
            ImportError::invalid(&subject, "definition.options", options, error)
        })?;
        let trigger = self.shared.triggers.restore(&definition.trigger).map_err(|error| {
            let kind = format_args!("of the kind {:?}", definition.trigger.kind());
            ImportError::invalid(&subject, "definition.trigger", kind, error)
        })?;
        for (field, at) in [
            ("next_run_time", schedule.map(|schedule| schedule.next_run_time)),
            ("due_at", schedule.map(|schedule| schedule.due_at)),
        ] {
            let (earliest, latest) = (store.caps.earliest, store.caps.latest);
            if let Some(at) = at.filter(|at| !(earliest..=latest).contains(at)) {
                let reason = format!("the job store supports times from {earliest} to {latest}");
                return Err(ImportError::invalid(&subject, field, at, reason));
            }
        }
        let definition = store
            .definition(&id, &Arc::new(definition))
            .map_err(|error| ImportError::invalid(&subject, "definition", size, error))?;
        let job = CheckedImport { task, definition, trigger, schedule, fire_count, id };
        Ok((store, job))
    }

    async fn import_checked(
        self: Arc<Self>,
        stores: Vec<StoreImport>,
        on_conflict: OnConflict,
    ) -> JobImport {
        let mut result = JobImport::default();
        for (store, jobs) in stores {
            let imported = self.import_into(&store, jobs, on_conflict, &mut result).await;
            store.notify_changed();
            if let Err(error) = imported {
                result.interrupted = Some(store.error(error));
                break;
            }
        }
        result
    }

    async fn import_into(
        &self,
        store: &Arc<RegisteredStore>,
        mut jobs: Vec<CheckedImport>,
        on_conflict: OnConflict,
        result: &mut JobImport,
    ) -> Result<(), StoreError> {
        for job in &jobs {
            store.store_zone_rules(&*job.trigger, &mut StoreAccess::Autocommit).await?;
        }
        while !jobs.is_empty() {
            let size = |job: &CheckedImport| job.definition.as_bytes().len();
            let rest = jobs.split_off(store.caps.max_batch.fitting(&jobs, size));
            let batch = std::mem::replace(&mut jobs, rest);
            let records = batch.iter().map(CheckedImport::record).collect();
            let outcomes = store.backend.add(records).await?;
            for (job, outcome) in batch.iter().zip(outcomes) {
                let imported = self.finish_import(store, job, outcome, on_conflict).await;
                let reference = store.job_ref(&job.id);
                match imported {
                    Ok(Imported::Skipped) => result.skipped.push(reference),
                    Ok(imported) => {
                        self.shared.bus.emit(Event::JobAdded(reference.clone()));
                        match imported {
                            Imported::Replaced => result.replaced.push(reference),
                            _ => result.added.push(reference),
                        }
                    }
                    Err(SchedulerError::Store { source, .. })
                        if source.kind() != StoreErrorKind::Conflict =>
                    {
                        return Err(source);
                    }
                    Err(error) => result.failed.push((reference, error)),
                }
            }
        }
        Ok(())
    }

    /// Completes the import of a job after the store was asked to add it.
    async fn finish_import(
        &self,
        store: &Arc<RegisteredStore>,
        job: &CheckedImport,
        outcome: AddOutcome,
        on_conflict: OnConflict,
    ) -> Result<Imported, SchedulerError> {
        match (outcome, on_conflict) {
            (AddOutcome::Added, _) => {
                if job.has_counted() {
                    let update = job.activation();
                    let updated = store.backend.update(&job.id, Revision::FIRST, update).await;
                    updated.map_err(|error| store.error(error))?;
                }
                Ok(Imported::Added)
            }
            (AddOutcome::Exists, OnConflict::Skip) => Ok(Imported::Skipped),
            (AddOutcome::Exists, OnConflict::Fail) => Err(job_exists(store, &job.id)),
            (AddOutcome::Exists, OnConflict::Replace) => self.replace_by_import(store, job).await,
        }
    }

    async fn replace_by_import(
        &self,
        store: &Arc<RegisteredStore>,
        job: &CheckedImport,
    ) -> Result<Imported, SchedulerError> {
        for _ in 0..MAX_CONFLICT_ATTEMPTS {
            let found = store.backend.get(&job.id).await.map_err(|error| store.error(error))?;
            let Some(found) = found else {
                // Removed in the meantime.
                let added = store.backend.add(vec![job.record()]).await;
                let added = added.map_err(|error| store.error(error))?;
                if added.first() == Some(&AddOutcome::Added) {
                    if job.has_counted() {
                        let update = job.activation();
                        let updated = store.backend.update(&job.id, Revision::FIRST, update).await;
                        updated.map_err(|error| store.error(error))?;
                    }
                    return Ok(Imported::Added);
                }
                continue;
            };
            let old = found.record;
            let update = RecordUpdate {
                definition: Some((job.task.clone(), job.definition.clone())),
                expected_run_time: Some(old.next_run_time()),
                ..job.activation()
            };
            match store.backend.update(&job.id, old.revision, update).await {
                Ok(_) => {
                    if old.task != job.task {
                        self.shared.unregister_closure(&old.task);
                    }
                    return Ok(Imported::Replaced);
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        StoreErrorKind::Conflict | StoreErrorKind::NotFound
                    ) => {}
                Err(error) => return Err(store.error(error)),
            }
        }
        Err(store.error(StoreError::conflict(&job.id)))
    }
}

impl CheckedImport {
    /// Whether runs have been counted. A new record has a count of 0, so such a job is added paused, and then updated.
    fn has_counted(&self) -> bool {
        self.fire_count > 0
    }

    fn record(&self) -> NewRecord {
        NewRecord {
            id: self.id.clone(),
            task: self.task.clone(),
            definition: self.definition.clone(),
            schedule: self.schedule.filter(|_| !self.has_counted()),
        }
    }

    /// The update that sets schedule and count.
    fn activation(&self) -> RecordUpdate {
        RecordUpdate {
            schedule: Some(self.schedule),
            fire_count: Some(self.fire_count),
            ..Default::default()
        }
    }
}

fn job_exists(store: &RegisteredStore, id: &JobId) -> SchedulerError {
    SchedulerError::JobExists { id: id.clone(), job_store: store.alias.clone() }
}
