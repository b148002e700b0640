//! What the passes over one store remember.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use punctual_core::{JobId, OrphanedRun, Timestamp};
use tokio::task::AbortHandle;

use super::planned::Planned;
use crate::store::Slot;

/// The passes over one store, of which one is made at a time.
pub(crate) struct StorePasses {
    pub slot: Arc<Slot>,
    pub state: tokio::sync::Mutex<PassState>,
    /// The pass that goes on by itself, if one does.
    pub task: Mutex<Option<AbortHandle>>,
    /// Since when a pass has been under way.
    pub busy_since: Mutex<Option<Timestamp>>,
}

/// What the passes over one store remember.
#[derive(Default)]
pub(crate) struct PassState {
    /// What an earlier process of the same identity left has been taken over.
    pub adopted: bool,
    /// Before that it is not: others whose runs are on record may not be back yet.
    pub adopt_from: Option<Timestamp>,
    /// Of the store, when all of this was learnt.
    pub generation: u64,
    /// Runs may be recorded as this node's that it knows nothing of: the answer to a take-over was lost.
    pub lost_track: bool,
    /// There are runs to be taken over, as far as known.
    pub search: bool,
    /// Before that they are not taken: the store was away, perhaps, and the living may not be back yet.
    pub search_from: Option<Timestamp>,
    /// Runs were recorded as this node's when the last pass ended.
    pub holds_runs: bool,
    /// When the node's lease was renewed last.
    pub renewed_at: Option<Timestamp>,
    /// When the next job is due, as far as known.
    pub next_due: Option<Timestamp>,
    /// When that was asked, or told with a renewal; none when it may have changed since.
    pub asked_at: Option<Timestamp>,
    /// Jobs whose commit failed, so that nobody knows whether it was carried out.
    pub uncertain: Vec<Planned>,
    /// Runs that were taken over but can't be run yet.
    pub stranded: Vec<OrphanedRun>,
    /// Jobs that have been reported as unresolved, with the problem's text.
    pub reported: HashMap<JobId, String>,
    /// When jobs of unknown tasks were looked for last.
    pub looked_for_unknown: Option<Timestamp>,
    /// When the store has told last what time it is, by this machine's clock.
    pub told_time_at: Option<Timestamp>,
    /// When old entries of the history are looked for next.
    pub forget_at: Option<Timestamp>,
}

impl StorePasses {
    pub(super) fn new(slot: &Arc<Slot>, state: PassState) -> Arc<Self> {
        Arc::new(Self {
            slot: Arc::clone(slot),
            state: tokio::sync::Mutex::new(state),
            task: Mutex::default(),
            busy_since: Mutex::default(),
        })
    }

    /// Waits for the end of a pass under way.
    pub(crate) async fn finish(&self) {
        drop(self.state.lock().await);
    }

    /// Whether a pass can be made at once. One that is under way wakes the driver when it ends.
    pub(super) fn is_free(&self) -> bool {
        self.slot.failures.lock().retry_at().is_none() && self.busy_since.lock().is_none()
    }

    /// Whether changes wait that the next pass can make at once.
    pub(super) fn is_unsettled(&self) -> bool {
        self.slot.waiting.has_changes() && self.is_free()
    }
}

/// Locks at once when it can, which is nearly always: a wait costs the runtime's attention.
pub(super) async fn lock<T>(mutex: &tokio::sync::Mutex<T>) -> tokio::sync::MutexGuard<'_, T> {
    match mutex.try_lock() {
        Ok(guard) => guard,
        Err(_) => mutex.lock().await,
    }
}
