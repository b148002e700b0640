//! Pass state of one store.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use punctual_core::{JobId, OrphanedRun, Timestamp};
use tokio::task::AbortHandle;

use super::planned::PlannedJob;
use crate::store::RegisteredStore;

/// Runs the passes over one store, one at a time.
pub(crate) struct StorePassRunner {
    pub store: Arc<RegisteredStore>,
    pub state: tokio::sync::Mutex<PassState>,
    /// The task of the pass in progress, if it was spawned.
    pub task: Mutex<Option<AbortHandle>>,
    /// Start of the pass in progress.
    pub busy_since: Mutex<Option<Timestamp>>,
}

/// State kept between the passes over one store.
#[derive(Default)]
pub(crate) struct PassState {
    /// The runs and claims recorded for this node's own id by an earlier process, or by a call whose response was lost,
    /// have been taken over.
    pub own_runs_recovered: bool,
    /// Earliest time at which they are taken over: live nodes with recorded runs may not have renewed their leases yet.
    pub recover_own_not_before: Option<Timestamp>,
    /// Generation of the store that this state belongs to.
    pub generation: u64,
    /// The response to a take-over or a claim was lost, so runs or claims unknown to this process may be recorded for this
    /// node.
    pub ownership_unconfirmed: bool,
    /// The store has reported orphaned runs.
    pub orphans_reported: bool,
    /// End of the grace period before orphaned runs are taken over: after an outage, live nodes need time to renew.
    pub takeover_not_before: Option<Timestamp>,
    /// Runs of this node were in progress, or had ended and were not cleared, at the end of the last pass.
    pub had_guarded_runs: bool,
    /// Time of the last lease renewal.
    pub renewed_at: Option<Timestamp>,
    /// Next due time, as last returned by the store.
    pub next_due: Option<Timestamp>,
    /// Time of the query or renewal that returned it. `None` if jobs may have changed since.
    pub next_due_checked_at: Option<Timestamp>,
    /// Planned jobs whose commit is unconfirmed: the call failed, so it is unknown whether the commit was applied.
    pub unconfirmed: Vec<PlannedJob>,
    /// Claims under which runs were started, and which have not been settled.
    pub open_claims: Vec<PlannedJob>,
    /// Taken-over runs whose job can't be run in this process yet.
    pub unresolved_orphans: Vec<OrphanedRun>,
    /// Jobs that have been reported as unresolved, with the problem's text.
    pub reported_problems: HashMap<JobId, String>,
    /// Time of the last check for due jobs with unregistered tasks.
    pub unknown_tasks_checked_at: Option<Timestamp>,
    /// Local time of the last clock synchronisation with the store.
    pub clock_synced_at: Option<Timestamp>,
    /// When requests to cancel runs were read, or when runs were in progress for the first time after there were none.
    pub cancellations_checked_at: Option<Timestamp>,
    /// Time of the next history pruning.
    pub next_prune_at: Option<Timestamp>,
}

impl StorePassRunner {
    pub(super) fn new(store: &Arc<RegisteredStore>, state: PassState) -> Arc<Self> {
        Arc::new(Self {
            store: Arc::clone(store),
            state: tokio::sync::Mutex::new(state),
            task: Mutex::default(),
            busy_since: Mutex::default(),
        })
    }

    /// Waits until no pass over the store is in progress.
    pub(crate) async fn wait_idle(&self) {
        drop(self.state.lock().await);
    }

    /// Whether the store has neither a pass in progress, which wakes the driver when it ends, nor a retry delay.
    pub(super) fn is_ready(&self) -> bool {
        self.store.failures.lock().retry_at().is_none() && self.busy_since.lock().is_none()
    }

    /// Whether there are pending commits that the next pass can make.
    pub(super) fn has_pending_commits(&self) -> bool {
        self.store.pending.has_changes() && self.is_ready()
    }
}

/// Locks a mutex. `try_lock` nearly always succeeds and avoids the overhead of awaiting.
pub(super) async fn lock<T>(mutex: &tokio::sync::Mutex<T>) -> tokio::sync::MutexGuard<'_, T> {
    match mutex.try_lock() {
        Ok(guard) => guard,
        Err(_) => mutex.lock().await,
    }
}
