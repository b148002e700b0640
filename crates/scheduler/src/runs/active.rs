//! The runs that this process has under way.

use std::sync::Arc;

use punctual_core::{Fence, InFlightRun, JobContext, JobId, JobRef, RunId, TaskName};
use rustc_hash::FxHashMap;

use crate::store::Slot;

/// The runs under way, by run and by job.
#[derive(Default)]
pub(crate) struct ActiveRuns {
    runs: FxHashMap<RunId, ActiveRun>,
    /// How many of them are recorded in their stores.
    recorded: usize,
    jobs: FxHashMap<(usize, JobId), JobRuns>,
}

pub(crate) struct ActiveRun {
    pub slot: Arc<Slot>,
    pub task: TaskName,
    pub context: JobContext,
    /// The fence of the run's record; none when it is not recorded.
    pub recorded: Option<Fence>,
    /// The attempt that its record counts: a later one than its own when it was taken over while it was under way.
    pub attempt: u32,
}

impl ActiveRun {
    /// The job's name in the scheduler.
    pub(crate) fn reference(&self) -> JobRef {
        JobRef { job_id: self.context.job_id().clone(), job_store: self.slot.alias.clone() }
    }
}

/// What there is to know of a job while it has runs under way.
#[derive(Default)]
pub(crate) struct JobRuns {
    pub count: u32,
    /// The job has left its store; that is told when its last run has ended.
    pub removed: bool,
    /// Run times wait for a slot, guarded by this fence.
    pub waiting: Option<Fence>,
}

/// Identifies a store within this process.
fn key(slot: &Arc<Slot>, id: &JobId) -> (usize, JobId) {
    (Arc::as_ptr(slot).addr(), id.clone())
}

impl ActiveRuns {
    pub(crate) fn len(&self) -> usize {
        self.runs.len()
    }

    /// Whether none of a store's runs is under way.
    pub(crate) fn is_idle(&self, slot: &Arc<Slot>) -> bool {
        !self.runs.values().any(|run| Arc::ptr_eq(&run.slot, slot))
    }

    /// Whether any run under way is recorded in its store.
    pub(crate) fn has_recorded(&self) -> bool {
        self.recorded > 0
    }

    /// Those of a store's that are recorded there, by job and with their fences.
    pub(crate) fn recorded(&self, slot: &Arc<Slot>) -> Vec<(JobId, RunId, Fence)> {
        let recorded = self.runs.values().filter(|run| Arc::ptr_eq(&run.slot, slot));
        let recorded = recorded.filter_map(|run| {
            Some((run.context.job_id().clone(), run.context.run_id(), run.recorded?))
        });
        recorded.collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ActiveRun> {
        self.runs.values()
    }

    /// Gives a run that is under way the new fence and attempt of its record; whether there is such a run.
    pub(crate) fn refence(&mut self, record: &InFlightRun) -> bool {
        let Some(run) = self.runs.get_mut(&record.run_id) else {
            return false;
        };
        self.recorded += usize::from(run.recorded.is_none());
        run.recorded = Some(record.fence);
        run.attempt = record.attempt;
        true
    }

    /// Takes a run in if its job has fewer than `max` under way: counted and taken in one step, so that
    /// two at the same time can't both be the last.
    pub(crate) fn try_insert(&mut self, run: ActiveRun, max: u32) -> bool {
        let job = self.jobs.entry(key(&run.slot, run.context.job_id())).or_default();
        // Every job may have one, so nothing is left of one that has none.
        let free = job.count < max.max(1);
        if free {
            job.count += 1;
            self.recorded += usize::from(run.recorded.is_some());
            self.runs.insert(run.context.run_id(), run);
        }
        free
    }

    /// How many runs of a job this process has under way.
    pub(crate) fn count(&self, slot: &Arc<Slot>, id: &JobId) -> u32 {
        if self.jobs.is_empty() {
            return 0;
        }
        self.jobs.get(&key(slot, id)).map_or(0, |job| job.count)
    }

    /// What is known of a job that has runs under way.
    pub(crate) fn job_mut(&mut self, slot: &Arc<Slot>, id: &JobId) -> Option<&mut JobRuns> {
        self.jobs.get_mut(&key(slot, id))
    }

    /// Takes out a run that has ended, and, when it was the job's last, what was known of the job.
    pub(crate) fn remove(&mut self, run: RunId) -> Option<(ActiveRun, JobRuns)> {
        let run = self.runs.remove(&run)?;
        self.recorded -= usize::from(run.recorded.is_some());
        let key = key(&run.slot, run.context.job_id());
        let job = self.jobs.get_mut(&key)?;
        job.count -= 1;
        let waiting = job.waiting.take();
        let known = if job.count == 0 {
            let job = self.jobs.remove(&key).unwrap_or_default();
            JobRuns { waiting, ..job }
        } else {
            JobRuns { count: job.count, removed: false, waiting }
        };
        Some((run, known))
    }
}
