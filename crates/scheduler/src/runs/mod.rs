//! Runs, from a resolved job to the report of its end. What follows from an end for the store waits for the next pass.

mod active;
mod ends;
mod launch;
mod reports;
mod resolve;

use std::sync::Arc;

use parking_lot::Mutex;
use punctual_core::{Event, Fence, InFlightRun, JobId, JobRef, RunEvent, RunId, TaskName};
use tokio::sync::Notify;

use self::active::ActiveRuns;
pub(crate) use self::launch::NewRun;
use self::reports::Reports;
pub(crate) use self::resolve::Resolved;
use crate::shared::Shared;
use crate::store::Slot;

/// The runs of this process.
pub(crate) struct Runs {
    shared: Arc<Shared>,
    active: Mutex<ActiveRuns>,
    next_run_id: Mutex<RunId>,
    reports: Arc<Reports>,
    /// Told when runs have ended and been dealt with.
    ended: Notify,
}

impl Runs {
    pub(crate) fn new(shared: &Arc<Shared>) -> Arc<Self> {
        Arc::new(Self {
            shared: Arc::clone(shared),
            active: Mutex::default(),
            next_run_id: Mutex::new(shared.ids.run()),
            reports: Reports::new(Arc::clone(&shared.wake)),
            ended: Notify::new(),
        })
    }

    /// How many are under way.
    pub(crate) fn count(&self) -> usize {
        self.active.lock().len()
    }

    /// How many runs of a job are under way.
    pub(crate) fn count_of(&self, slot: &Arc<Slot>, job: &JobId) -> u32 {
        self.active.lock().count(slot, job)
    }

    /// Whether any run under way is recorded in its store.
    pub(crate) fn has_recorded(&self) -> bool {
        self.active.lock().has_recorded()
    }

    /// Those of a store's that are recorded there, by job and with their fences.
    pub(crate) fn recorded(&self, slot: &Arc<Slot>) -> Vec<(JobId, RunId, Fence)> {
        self.active.lock().recorded(slot)
    }

    /// Gives a run that is under way the new fence of its record; whether there is such a run.
    pub(crate) fn refence(&self, record: &InFlightRun) -> bool {
        self.active.lock().refence(record)
    }

    /// Those under way.
    pub(crate) fn list(&self) -> Vec<RunEvent> {
        self.active.lock().iter().map(|run| RunEvent::of(&run.context)).collect()
    }

    /// Waits until none of a store's runs is under way.
    pub(crate) async fn idle(&self, slot: &Arc<Slot>) {
        loop {
            let ended = self.ended.notified();
            if self.active.lock().is_idle(slot) {
                return;
            }
            ended.await;
        }
    }

    /// A job has left its store: that is told at once, or when its last run has ended.
    pub(crate) fn removed(&self, slot: &Arc<Slot>, job: &JobId, task: &TaskName) {
        if let Some(known) = self.active.lock().job_mut(slot, job) {
            known.removed = true;
            return;
        }
        self.job_left(slot, slot.job_ref(job), task);
    }

    /// Run times of a job wait for the end of one of its runs, guarded by this fence.
    pub(crate) fn waits(&self, slot: &Arc<Slot>, job: &JobId, fence: Fence) {
        if let Some(known) = self.active.lock().job_mut(slot, job) {
            known.waiting = Some(fence);
        }
    }

    /// A job has left its store, and its last run has ended.
    pub(crate) fn job_left(&self, slot: &Slot, job: JobRef, task: &TaskName) {
        if !slot.caps.persistent {
            self.shared.forget_closure(task);
        }
        self.shared.bus.emit(Event::JobRemoved(job));
    }
}
