//! The runs in progress in this process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use punctual_core::{
    CancelReason, Fence, InFlightRun, JobContext, JobDefinition, JobId, JobRef, Lease, RunEvent,
    RunId, TaskName, Timestamp,
};
use rustc_hash::FxHashMap;

use super::started::Waiter;

use crate::store::{RegisteredStore, RunGuard, RunRetry};

/// The runs in progress, by run id and by job.
#[derive(Default)]
pub(crate) struct ActiveRuns {
    pub(super) runs: FxHashMap<RunId, ActiveRun>,
    /// The local times at which time limits of runs are checked.
    pub(super) limits: BTreeSet<(Timestamp, RunId)>,
    /// Number of runs with a guard in their stores.
    guarded_count: usize,
    jobs: FxHashMap<(usize, JobId), JobRuns>,
    /// Runs under open claims, with the fences of the claims, that no executor completed. They are recorded when the
    /// claim is settled, and then retried; without a retry, another process takes them over.
    unfinished: FxHashMap<(RunId, Fence), Option<RunRetry>>,
}

pub(crate) struct ActiveRun {
    pub store: Arc<RegisteredStore>,
    pub task: TaskName,
    pub context: JobContext,
    pub guard: RunGuard,
    /// The attempt in the run's record: a later one than the run's own if the run was taken over while in progress.
    pub attempt: u32,
    /// It has no deadline, because an earlier attempt has started or its job has none: neither have its repetitions.
    pub has_no_deadline: bool,
    /// It was cancelled by a later fire time: it is not repeated.
    pub superseded: bool,
    /// What few runs have, apart: a run is moved several times.
    pub rare: Option<Box<RareParts>>,
}

/// The parts that few runs have.
#[derive(Default)]
pub(crate) struct RareParts {
    /// The user who waits for the outcome.
    pub waiter: Option<Waiter>,
    /// When its time limits are checked, if it has any.
    pub limit: Option<Timestamp>,
    /// The definition of its job, if failed runs are retried or if it is a retry.
    pub retry: Option<Arc<JobDefinition>>,
    /// The job in the store, if it is a retry: its run belongs to another job.
    pub retry_id: Option<JobId>,
    /// It has outlasted a shutdown. Its record is that of the node of then.
    pub is_left: bool,
    /// This process has taken its record over since then.
    pub is_taken_over: bool,
    /// That shutdown has reported it as lost.
    pub is_reported: bool,
}

impl ActiveRun {
    /// The id of the job in the store.
    pub(crate) fn stored_id(&self) -> &JobId {
        self.retry_id().unwrap_or_else(|| self.context.job_id())
    }

    /// The id of the job in the store, if it is a retry.
    pub(super) fn retry_id(&self) -> Option<&JobId> {
        self.rare.as_ref()?.retry_id.as_ref()
    }

    pub(super) fn take_waiter(&mut self) -> Option<Waiter> {
        self.rare.as_mut()?.waiter.take()
    }

    pub(super) fn take_limit(&mut self) -> Option<Timestamp> {
        self.rare.as_mut()?.limit.take()
    }

    /// Whether another process repeats it if it does not end here.
    pub(super) fn is_repeated(&self) -> bool {
        self.guard.is_held() && self.store.caps.persistent
    }

    /// Whether its end has been reported although it has not ended.
    pub(super) fn is_reported(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.is_reported)
    }

    fn set_taken_over(&mut self) {
        if let Some(rare) = &mut self.rare {
            rare.is_taken_over = rare.is_left;
        }
    }

    pub(super) fn rare_mut(&mut self) -> &mut RareParts {
        self.rare.get_or_insert_default()
    }

    /// Id and store of the job.
    pub(crate) fn reference(&self) -> JobRef {
        JobRef::new(self.store.alias.clone(), self.context.job_id().clone())
    }
}

/// State of a job with runs in progress.
#[derive(Default)]
struct JobRuns {
    count: u32,
    /// The job was removed from its store. `JobRemoved` is emitted after its last run.
    removed: bool,
    /// What waits for the end of a run: run times of the job, and retries of its runs. By the time for which they were
    /// scheduled, with the fences that guard them.
    waiting: Option<Box<Waiting>>,
}

/// What waits for the end of a run, in a box, because few jobs have it.
#[derive(Default)]
struct Waiting(BTreeMap<(Timestamp, JobId), Fence>);

/// What follows for the other runs of a job when one has ended.
#[derive(Default)]
pub(crate) struct AfterRun {
    /// It was the last run of a job that was removed from its store.
    pub removed: bool,
    /// The jobs in the store that are due again, with the fences that guard them.
    pub woken: Vec<(JobId, Fence)>,
}

/// A run that is executing at the end of a shutdown.
pub(crate) struct LeftRun {
    pub store: Arc<RegisteredStore>,
    pub task: TaskName,
    /// Without an outcome.
    pub event: RunEvent,
    /// Whether another process repeats it.
    pub is_repeated: bool,
}

/// Number of waiting retries that are due at once when the last run of their job has ended. The list of the others is dropped
/// with the state of the job; they are due again after the delay with which they were deferred.
const WOKEN_AFTER_LAST_RUN: usize = 64;

/// What remains to be done for a run whose claim was settled by a commit that recorded it.
pub(crate) enum AfterRecording {
    /// Nothing: the run is in progress, or is taken over by another process.
    Nothing,
    /// The run ended during the commit.
    Clear,
    /// No executor completed the run.
    Retry(RunRetry),
}

/// Returns the retry of a run, given its fence.
type ToRetry<'a> = dyn Fn(&ActiveRun, Fence) -> Option<RunRetry> + 'a;

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

    /// Whether any run in progress is recorded in its store, or runs under an open claim.
    pub(crate) fn has_guarded(&self) -> bool {
        self.guarded_count > 0
    }

    /// The runs in progress that are recorded in the store or run under an open claim, with their jobs and guards.
    pub(crate) fn guarded(&self, store: &Arc<RegisteredStore>) -> Vec<(JobId, RunId, RunGuard)> {
        let guarded = self.runs.values().filter(|run| Arc::ptr_eq(&run.store, store));
        let guarded = guarded.filter(|run| run.guard.is_held());
        guarded
            .map(|run| (run.stored_id().clone(), run.context.run_id(), run.guard.clone()))
            .collect()
    }

    /// The runs in progress with the fences under which this process has recorded them or taken them over. A run that an
    /// earlier shutdown has left is not among them until its record has been taken over.
    pub(crate) fn known(&self, store: &Arc<RegisteredStore>) -> BTreeSet<(RunId, Fence)> {
        let is_known = |run: &&ActiveRun| {
            let is_left = |rare: &RareParts| rare.is_left && !rare.is_taken_over;
            Arc::ptr_eq(&run.store, store) && !run.rare.as_deref().is_some_and(is_left)
        };
        let known = self.runs.values().filter(is_known);
        known.filter_map(|run| Some((run.context.run_id(), run.guard.fence()?))).collect()
    }

    /// Whether a shutdown, which is in progress if `stopping`, has cancelled a run that is repeated therefore.
    pub(super) fn is_interrupted(&self, run: RunId, stopping: bool) -> bool {
        self.runs.get(&run).is_some_and(|run| {
            let is_left = run.rare.as_ref().is_some_and(|rare| rare.is_left);
            let is_cancelled = run.context.cancel_reason() == Some(CancelReason::Shutdown);
            run.is_repeated() && (is_left || (stopping && is_cancelled))
        })
    }

    /// Whether a run that has outlasted a shutdown is repeated by whoever takes over the runs of the node of then.
    pub(super) fn is_taken_over_later(&self, run: RunId) -> bool {
        let run = self.runs.get(&run).filter(|run| run.is_repeated());
        run.and_then(|run| run.rare.as_ref())
            .is_some_and(|rare| rare.is_left && !rare.is_taken_over)
    }

    /// The runs that are executing at the end of a shutdown, except those that an earlier shutdown has left.
    pub(super) fn left(&mut self) -> Vec<LeftRun> {
        let mut left = Vec::new();
        for run in self.runs.values_mut() {
            let rare = run.rare_mut();
            let was_left = std::mem::replace(&mut rare.is_left, true);
            rare.is_taken_over = false;
            if was_left {
                continue;
            }
            let job = self.jobs.get(&key(&run.store, run.context.job_id()));
            let mut event = RunEvent::of(&run.context);
            event.started = run.context.started();
            left.push(LeftRun {
                store: Arc::clone(&run.store),
                task: run.task.clone(),
                event,
                is_repeated: run.is_repeated() && !job.is_some_and(|job| job.removed),
            });
        }
        left
    }

    /// The end of a run that a shutdown has left has been reported.
    pub(super) fn mark_reported(&mut self, run: RunId) {
        if let Some(run) = self.runs.get_mut(&run) {
            run.rare_mut().is_reported = true;
        }
    }

    /// The context and the store of a run in progress.
    pub(super) fn context_of(&self, run: RunId) -> Option<(JobContext, Arc<RegisteredStore>)> {
        let run = self.runs.get(&run)?;
        Some((run.context.clone(), Arc::clone(&run.store)))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ActiveRun> {
        self.runs.values()
    }

    /// Updates the fence and attempt of a run in progress from its record. Returns false if there is no such run.
    pub(crate) fn update_fence(&mut self, job: &JobId, record: &InFlightRun) -> bool {
        let Some(run) = self.runs.get_mut(&record.run_id).filter(|run| run.stored_id() == job)
        else {
            return false;
        };
        self.guarded_count += usize::from(!run.guard.is_held());
        run.guard = RunGuard::Record(record.fence);
        run.attempt = record.attempt;
        run.set_taken_over();
        true
    }

    /// Marks the oldest runs of a job as superseded: `count` of them, including those marked before. Returns their
    /// contexts.
    pub(crate) fn supersede(
        &mut self,
        store: &Arc<RegisteredStore>,
        id: &JobId,
        count: u32,
    ) -> Vec<JobContext> {
        let of_job =
            |run: &&mut ActiveRun| Arc::ptr_eq(&run.store, store) && run.context.job_id() == id;
        let mut runs: Vec<_> = self.runs.values_mut().filter(of_job).collect();
        runs.sort_by_key(|run| (run.context.scheduled_time(), run.context.run_id()));
        let supersede = |run: &mut ActiveRun| {
            run.superseded = true;
            run.context.clone()
        };
        runs.into_iter().take(count as usize).map(supersede).collect()
    }

    /// Drops the waiters of all runs, which then regard their runs as lost.
    pub(crate) fn drop_waiters(&mut self) {
        self.runs.values_mut().for_each(|run| drop(run.take_waiter()));
    }

    /// Whether a run is in progress.
    pub(crate) fn contains(&self, run: RunId) -> bool {
        self.runs.contains_key(&run)
    }

    /// The number of the attempt of a run that is in progress and stored as another job: of another attempt.
    pub(crate) fn other_attempt(&self, job: &JobId, run: RunId) -> Option<u32> {
        self.runs.get(&run).filter(|run| run.stored_id() != job).map(|run| run.attempt)
    }

    /// The runs in progress of a job are not retried any more.
    pub(crate) fn forbid_retries(&mut self, store: &Arc<RegisteredStore>, job: &JobId) {
        let of_job =
            |run: &&mut ActiveRun| Arc::ptr_eq(&run.store, store) && run.context.job_id() == job;
        let rare = self.runs.values_mut().filter(of_job).filter_map(|run| run.rare.as_mut());
        rare.for_each(|rare| rare.retry = None);
    }

    /// Whether a run under the claim with this fence is in progress, or was not completed by its executor.
    pub(crate) fn is_unfinished(&self, run: RunId, fence: Fence) -> bool {
        self.runs.contains_key(&run) || self.unfinished.contains_key(&(run, fence))
    }

    /// Assigns a run in progress, whose claim has expired, to a new claim of its run time by this process. Returns false
    /// if there is no such run.
    pub(crate) fn adopt(
        &mut self,
        run: RunId,
        fence: Fence,
        start_limit: &Lease,
        attempt: u32,
    ) -> bool {
        let Some(run) = self.runs.get_mut(&run) else {
            return false;
        };
        self.guarded_count += usize::from(!run.guard.is_held());
        run.guard = RunGuard::Claim(fence, start_limit.clone());
        run.attempt = attempt;
        run.set_taken_over();
        true
    }

    /// The claim under which a run was started has been settled, and the run was recorded with this fence.
    pub(crate) fn recorded(&mut self, run: RunId, fence: Fence) -> AfterRecording {
        if let Some(run) = self.runs.get_mut(&run) {
            if let RunGuard::Claim(own, start_limit) = &run.guard
                && *own == fence
            {
                start_limit.set_expiry(Timestamp::MAX);
                run.guard = RunGuard::Record(fence);
            }
            return AfterRecording::Nothing;
        }
        match self.unfinished.remove(&(run, fence)) {
            Some(Some(retry)) => AfterRecording::Retry(retry),
            Some(None) => AfterRecording::Nothing,
            None => AfterRecording::Clear,
        }
    }

    /// The claim with this fence under which a run was started has ended otherwise: the run does not start any more.
    pub(crate) fn claim_ended(&mut self, run: RunId, fence: Fence) {
        self.unfinished.remove(&(run, fence));
        if let Some(run) = self.runs.get_mut(&run)
            && let RunGuard::Claim(own, start_limit) = &run.guard
            && *own == fence
        {
            // Otherwise a renewal of the lease would let a queued run start.
            start_limit.set_expiry(Timestamp::MIN);
            run.guard = RunGuard::Ended;
            self.guarded_count -= 1;
        }
    }

    /// Inserts a run if fewer than `max` runs of its job are in progress. Check and insertion are one step, so that
    /// concurrent calls can't exceed the limit.
    pub(crate) fn try_insert(&mut self, run: ActiveRun, max: u32) -> bool {
        let job = self.jobs.entry(key(&run.store, run.context.job_id())).or_default();
        // At least one run is allowed, so no entry with a count of 0 remains.
        let free = job.count < max.max(1);
        if free {
            job.count += 1;
            self.guarded_count += usize::from(run.guard.is_held());
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

    /// The job was removed from its store. Returns whether it has runs in progress.
    pub(crate) fn set_removed(&mut self, store: &Arc<RegisteredStore>, id: &JobId) -> bool {
        let Some(job) = self.jobs.get_mut(&key(store, id)) else { return false };
        job.removed = true;
        true
    }

    /// The stored job, a job or a retry of it, waits until a run of the job ends. Returns false if none is in progress.
    pub(crate) fn set_waiting(
        &mut self,
        store: &Arc<RegisteredStore>,
        id: &JobId,
        waiting: (Timestamp, JobId),
        fence: Fence,
    ) -> bool {
        let Some(job) = self.jobs.get_mut(&key(store, id)) else { return false };
        job.waiting.get_or_insert_default().0.insert(waiting, fence);
        true
    }

    /// Removes a completed run and returns it with what follows for the other runs of its job.
    ///
    /// `retry` returns the retry of a run that no executor completed. It is kept until the claim of the run is settled, if
    /// the claim is open.
    pub(crate) fn remove(
        &mut self,
        run: RunId,
        retry: Option<&ToRetry<'_>>,
    ) -> Option<(ActiveRun, AfterRun)> {
        let mut run = self.runs.remove(&run)?;
        self.guarded_count -= usize::from(run.guard.is_held());
        if let Some(limit) = run.take_limit() {
            self.limits.remove(&(limit, run.context.run_id()));
        }
        if let (RunGuard::Claim(fence, _), Some(retry)) = (&run.guard, retry)
            && !run.superseded
        {
            let retry = retry(&run, *fence);
            self.unfinished.insert((run.context.run_id(), *fence), retry);
        }
        let key = key(&run.store, run.context.job_id());
        let job = self.jobs.get_mut(&key)?;
        job.count -= 1;
        let is_last = job.count == 0;
        let mut after = AfterRun { removed: is_last && job.removed, woken: Vec::new() };
        if let Some(waiting) = &mut job.waiting {
            let count = if is_last { WOKEN_AFTER_LAST_RUN } else { 1 };
            let woken = std::iter::from_fn(|| waiting.0.pop_first()).take(count);
            after.woken = woken.map(|((_, id), fence)| (id, fence)).collect();
        }
        if is_last {
            self.jobs.remove(&key);
        }
        Some((run, after))
    }
}
