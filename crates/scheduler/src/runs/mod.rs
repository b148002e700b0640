//! Starts runs and processes their reports. Changes of the store that follow from completed runs are made in the next
//! pass.

mod active;
mod completion;
mod launch;
mod limits;
mod reports;
mod resolve;
mod retry;
mod started;

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use punctual_core::{
    CommitAction, Event, Fence, InFlightRun, JobContext, JobId, JobRecord, JobRef, RunEvent, RunId,
    TaskName,
};
use tokio::sync::Notify;

use self::active::{ActiveRuns, AfterRecording};
pub(crate) use self::launch::{NewRun, for_retry};
use self::reports::Reports;
pub(crate) use self::resolve::ResolvedJob;
pub(crate) use self::started::StartedRun;
use crate::shared::Shared;
use crate::store::{RegisteredStore, RunGuard};

/// Tracks the runs in progress in this process.
pub(crate) struct RunTracker {
    shared: Arc<Shared>,
    active: Mutex<ActiveRuns>,
    next_run_id: Mutex<RunId>,
    reports: Arc<Reports>,
    /// Notified after reports of completed runs have been processed.
    ended: Notify,
}

impl RunTracker {
    pub(crate) fn new(shared: &Arc<Shared>) -> Arc<Self> {
        Arc::new(Self {
            shared: Arc::clone(shared),
            active: Mutex::default(),
            next_run_id: Mutex::new(shared.ids.first_run_id()),
            reports: Reports::new(shared),
            ended: Notify::new(),
        })
    }

    /// Number of runs in progress.
    pub(crate) fn count(&self) -> usize {
        self.active.lock().len()
    }

    /// Number of runs of a job in progress.
    pub(crate) fn count_of(&self, store: &Arc<RegisteredStore>, job: &JobId) -> u32 {
        self.active.lock().count(store, job)
    }

    /// Whether any run in progress is recorded in its store, or runs under an open claim.
    pub(crate) fn has_guarded(&self) -> bool {
        self.active.lock().has_guarded()
    }

    /// The runs in progress that are recorded in the store or run under an open claim, with their jobs and guards.
    pub(crate) fn guarded(&self, store: &Arc<RegisteredStore>) -> Vec<(JobId, RunId, RunGuard)> {
        self.active.lock().guarded(store)
    }

    /// The runs in progress with the fences under which this process has recorded them or taken them over.
    pub(crate) fn known(&self, store: &Arc<RegisteredStore>) -> BTreeSet<(RunId, Fence)> {
        self.active.lock().known(store)
    }

    /// Whether a run is in progress.
    pub(crate) fn is_in_progress(&self, run: RunId) -> bool {
        self.active.lock().contains(run)
    }

    /// The context of a run in progress, which its task has received or receives.
    pub(crate) fn context_in_progress(&self, run: RunId) -> Option<JobContext> {
        self.active.lock().context_of(run).map(|(context, _)| context)
    }

    /// Whether a run under the claim with this fence is in progress, or was not completed by its executor.
    pub(crate) fn is_unfinished(&self, run: RunId, fence: Fence) -> bool {
        self.active.lock().is_unfinished(run, fence)
    }

    /// The claim under which a run was started has been settled by a commit that recorded the run.
    pub(crate) fn run_recorded(&self, store: &RegisteredStore, job: &JobRecord, run: &InFlightRun) {
        let after = self.active.lock().recorded(run.run_id, run.fence);
        match after {
            AfterRecording::Nothing => {}
            AfterRecording::Clear => {
                let action = CommitAction::ClearRun { run_id: run.run_id };
                store.queue_commit(&job.id, &job.task, run.fence, action);
            }
            AfterRecording::Retry(retry) => store.pending.schedule_retry(retry),
        }
    }

    /// The claim under which a run was started has ended otherwise. A run that is executing continues, and is not repeated
    /// by this node; a queued one does not start.
    pub(crate) fn claim_ended(&self, run: &InFlightRun) {
        self.active.lock().claim_ended(run.run_id, run.fence);
    }

    /// Updates the fence and attempt of a run in progress from its record. Returns false if there is no such run.
    pub(crate) fn update_fence(&self, job: &JobId, record: &InFlightRun) -> bool {
        self.active.lock().update_fence(job, record)
    }

    /// The number of the attempt of a run that is in progress and stored as another job: of another attempt.
    pub(crate) fn other_attempt(&self, job: &JobId, run: RunId) -> Option<u32> {
        self.active.lock().other_attempt(job, run)
    }

    /// The runs in progress of a job, which a user has removed, are not retried any more.
    pub(crate) fn forbid_retries(&self, store: &Arc<RegisteredStore>, job: &JobId) {
        self.active.lock().forbid_retries(store, job);
    }

    /// The runs in progress.
    pub(crate) fn list(&self) -> Vec<RunEvent> {
        let event = |context: &JobContext| {
            let mut event = RunEvent::of(context);
            event.started = context.started();
            event
        };
        self.active.lock().iter().map(|run| event(&run.context)).collect()
    }

    /// Ends the waits for the outcomes of runs in progress, because nothing processes their reports any more.
    pub(crate) fn drop_waiters(&self) {
        self.active.lock().drop_waiters();
    }

    /// Waits until no run is in progress.
    pub(crate) async fn all_ended(&self) {
        loop {
            let ended = self.ended.notified();
            if self.count() == 0 {
                return;
            }
            ended.await;
        }
    }

    /// Waits until no run of the store is in progress.
    pub(crate) async fn wait_idle(&self, store: &Arc<RegisteredStore>) {
        loop {
            let ended = self.ended.notified();
            if self.active.lock().is_idle(store) {
                return;
            }
            ended.await;
        }
    }

    /// Handles the removal of a job. `JobRemoved` is emitted now, or after the job's last run in progress.
    pub(crate) fn on_job_removed(
        &self,
        store: &Arc<RegisteredStore>,
        job: &JobId,
        task: &TaskName,
    ) {
        if !job.is_of_retry() && self.active.lock().set_removed(store, job) {
            return;
        }
        self.emit_job_removed(store, store.job_ref(job), task);
    }

    /// A planned job, or a retry of one of its runs, waits until a run of the job ends.
    pub(crate) fn set_waiting(
        &self,
        store: &Arc<RegisteredStore>,
        planned: &JobRecord,
        origin: &JobId,
    ) {
        let Some(schedule) = planned.schedule else { return };
        let waiting = (schedule.next_run_time, planned.id.clone());
        let is_waiting = self.active.lock().set_waiting(store, origin, waiting, planned.fence);
        // The run has ended since the job was planned, unless it is one of another process.
        if !is_waiting && planned.in_flight == 0 {
            let action = CommitAction::BringForward { due_at: store.now() };
            store.queue_commit(&planned.id, &planned.task, planned.fence, action);
        }
    }

    /// Emits `JobRemoved`, and unregisters the closure of a job of a store in memory.
    /// For a retry, nothing is emitted: it is part of a run.
    pub(crate) fn emit_job_removed(&self, store: &RegisteredStore, job: JobRef, task: &TaskName) {
        if job.job_id.is_of_retry() {
            self.shared.release_closure(task);
            return;
        }
        if !store.caps.persistent {
            self.shared.unregister_closure(task);
        }
        self.shared.bus.emit(Event::JobRemoved(job));
    }
}
