//! The runs in progress in this process.

use std::sync::Arc;

use punctual_core::{Fence, InFlightRun, JobContext, JobId, JobRef, RunId, TaskName};
use rustc_hash::FxHashMap;

use crate::store::RegisteredStore;

/// The runs in progress, by run id and by job.
#[derive(Default)]
pub(crate) struct ActiveRuns {
    runs: FxHashMap<RunId, ActiveRun>,
    /// Number of runs that are recorded in their stores.
    recorded_count: usize,
    jobs: FxHashMap<(usize, JobId), JobRuns>,
}

pub(crate) struct ActiveRun {
    pub store: Arc<RegisteredStore>,
    pub task: TaskName,
    pub context: JobContext,
    /// The fence of the run's record. `None` if the run is not recorded.
    pub record_fence: Option<Fence>,
    /// The attempt in the run's record: a later one than the run's own if the run was taken over while in progress.
    pub attempt: u32,
}

impl ActiveRun {
    /// Id and store of the job.
    pub(crate) fn reference(&self) -> JobRef {
        JobRef::new(self.store.alias.clone(), self.context.job_id().clone())
    }
}

/// State of a job with runs in progress.
#[derive(Default)]
pub(crate) struct JobRuns {
    pub count: u32,
    /// The job was removed from its store. `JobRemoved` is emitted after its last run.
    pub removed: bool,
    /// Fence that guards the job's deferred run times, if there are any.
    pub deferred: Option<Fence>,
}

/// Identifies a job by store and id within this process.
fn key(store: &Arc<RegisteredStore>, id: &JobId) -> (usize, JobId) {
    (Arc::as_ptr(store).addr(), id.clone())
}

impl ActiveRuns {
    pub(crate) fn len(&self) -> usize {
        self.runs.len()
    }

    /// Whether no run of the store is in progress.
    pub(crate) fn is_idle(&self, store: &Arc<RegisteredStore>) -> bool {
        !self.runs.values().any(|run| Arc::ptr_eq(&run.store, store))
    }

    /// Whether any run in progress is recorded in its store.
    pub(crate) fn has_recorded(&self) -> bool {
        self.recorded_count > 0
    }

    /// The runs in progress that are recorded in the store, with their jobs and fences.
    pub(crate) fn recorded(&self, store: &Arc<RegisteredStore>) -> Vec<(JobId, RunId, Fence)> {
        let recorded = self.runs.values().filter(|run| Arc::ptr_eq(&run.store, store));
        let recorded = recorded.filter_map(|run| {
            Some((run.context.job_id().clone(), run.context.run_id(), run.record_fence?))
        });
        recorded.collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ActiveRun> {
        self.runs.values()
    }

    /// Updates the fence and attempt of a run in progress from its record. Returns false if there is no such run.
    pub(crate) fn update_fence(&mut self, record: &InFlightRun) -> bool {
        let Some(run) = self.runs.get_mut(&record.run_id) else {
            return false;
        };
        self.recorded_count += usize::from(run.record_fence.is_none());
        run.record_fence = Some(record.fence);
        run.attempt = record.attempt;
        true
    }

    /// Inserts a run if fewer than `max` runs of its job are in progress. Check and insertion are one step, so that
    /// concurrent calls can't exceed the limit.
    pub(crate) fn try_insert(&mut self, run: ActiveRun, max: u32) -> bool {
        let job = self.jobs.entry(key(&run.store, run.context.job_id())).or_default();
        // At least one run is allowed, so no entry with a count of 0 remains.
        let free = job.count < max.max(1);
        if free {
            job.count += 1;
            self.recorded_count += usize::from(run.record_fence.is_some());
            self.runs.insert(run.context.run_id(), run);
        }
        free
    }

    /// Number of runs of a job in progress in this process.
    pub(crate) fn count(&self, store: &Arc<RegisteredStore>, id: &JobId) -> u32 {
        if self.jobs.is_empty() {
            return 0;
        }
        self.jobs.get(&key(store, id)).map_or(0, |job| job.count)
    }

    /// State of a job with runs in progress.
    pub(crate) fn job_mut(
        &mut self,
        store: &Arc<RegisteredStore>,
        id: &JobId,
    ) -> Option<&mut JobRuns> {
        self.jobs.get_mut(&key(store, id))
    }

    /// Removes a completed run and returns it with its job's state. `removed` is returned with the job's last run only,
    /// the fence of deferred run times with the next run that ends.
    pub(crate) fn remove(&mut self, run: RunId) -> Option<(ActiveRun, JobRuns)> {
        let run = self.runs.remove(&run)?;
        self.recorded_count -= usize::from(run.record_fence.is_some());
        let key = key(&run.store, run.context.job_id());
        let job = self.jobs.get_mut(&key)?;
        job.count -= 1;
        let deferred = job.deferred.take();
        let job_runs = if job.count == 0 {
            let job = self.jobs.remove(&key).unwrap_or_default();
            JobRuns { deferred, ..job }
        } else {
            JobRuns { count: job.count, removed: false, deferred }
        };
        Some((run, job_runs))
    }
}
