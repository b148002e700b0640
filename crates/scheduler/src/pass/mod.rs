//! Passes over the stores. A pass goes once through everything that one store needs at an instant: renew the lease,
//! commit run completions, and claim, plan, commit and start due jobs. A tick makes one pass over each store.
//!
//! All functions take the time as an argument and wait only for store calls.

mod batch;
mod cancel;
mod completions;
mod dispatch;
mod due;
mod history;
mod lease;
mod open;
mod plan_record;
mod planned;
mod recover;
mod replaced;
mod replan;
mod retries;
mod settle;
mod state;
mod store;
mod tick;
mod unconfirmed;
mod unresolved;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::RwLock;
use punctual_core::Timestamp;

pub(crate) use self::state::{PassState, StorePassRunner};
use crate::runs::RunTracker;
use crate::shared::Shared;
use crate::store::RegisteredStore;

/// Runs the passes over all stores of a scheduler.
pub(crate) struct PassRunner {
    shared: Arc<Shared>,
    runs: Arc<RunTracker>,
    /// Pass state of each store.
    stores: RwLock<Arc<[Arc<StorePassRunner>]>>,
    /// Serialises ticks.
    ticking: tokio::sync::Mutex<()>,
    last_tick: AtomicI64,
}

impl PassRunner {
    pub(crate) fn new(
        shared: &Arc<Shared>,
        runs: &Arc<RunTracker>,
        stores: &[Arc<RegisteredStore>],
    ) -> Arc<Self> {
        Arc::new(Self {
            shared: Arc::clone(shared),
            runs: Arc::clone(runs),
            stores: RwLock::new(
                stores
                    .iter()
                    .map(|store| StorePassRunner::new(store, PassState::default()))
                    .collect(),
            ),
            ticking: tokio::sync::Mutex::default(),
            last_tick: AtomicI64::new(Timestamp::MIN.as_micros()),
        })
    }

    /// Adds a store to the passes, or resets the pass state of a store that was added before.
    pub(crate) async fn add(&self, store: &Arc<RegisteredStore>, state: PassState) {
        if let Some(known) = self.find(store) {
            *known.state.lock().await = state;
            return;
        }
        let mut stores = self.stores.write();
        *stores = stores.iter().cloned().chain([StorePassRunner::new(store, state)]).collect();
    }

    /// Removes a store from the passes. A pass over it may still be in progress.
    pub(crate) fn remove(&self, store: &Arc<RegisteredStore>) -> Option<Arc<StorePassRunner>> {
        let removed = self.find(store);
        let mut stores = self.stores.write();
        *stores =
            stores.iter().filter(|known| !Arc::ptr_eq(&known.store, store)).cloned().collect();
        removed
    }

    fn stores(&self) -> Arc<[Arc<StorePassRunner>]> {
        Arc::clone(&self.stores.read())
    }

    /// The state of the passes over a store.
    pub(crate) fn find(&self, store: &Arc<RegisteredStore>) -> Option<Arc<StorePassRunner>> {
        self.stores.read().iter().find(|known| Arc::ptr_eq(&known.store, store)).cloned()
    }

    /// Start of the pass over this store that is in progress.
    pub(crate) fn busy_since(&self, store: &Arc<RegisteredStore>) -> Option<Timestamp> {
        *self.find(store)?.busy_since.lock()
    }

    /// Start of the last tick. `None` before the first one.
    pub(crate) fn last_tick(&self) -> Option<Timestamp> {
        let micros = self.last_tick.load(Ordering::Relaxed);
        (micros > Timestamp::MIN.as_micros()).then(|| Timestamp::from_micros(micros))
    }
}

/// Whether less than `time` has elapsed since `done_at`. Returns false if the clock was set back past `done_at`.
fn is_recent(time: std::time::Duration, done_at: Option<Timestamp>, now: Timestamp) -> bool {
    done_at.is_some_and(|at| at <= now && now < at.saturating_add(time))
}
