//! Passes over the stores: what has ended is settled, leases are kept, and what is due is claimed, planned, committed
//! and started. Everything here takes the time as an argument, and nothing waits but for a store.

mod carry_out;
mod decide;
mod doubt;
mod due;
mod history;
mod lease;
mod open;
mod planned;
mod recover;
mod replaced;
mod replan;
mod settle;
mod state;
mod store;
mod tick;
mod unresolved;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::RwLock;
use punctual_core::Timestamp;

pub(crate) use self::state::{PassState, StorePasses};
use crate::runs::Runs;
use crate::shared::Shared;
use crate::store::Slot;

/// The passes over all stores of a scheduler.
pub(crate) struct Passes {
    shared: Arc<Shared>,
    runs: Arc<Runs>,
    /// What they remember of each store.
    stores: RwLock<Arc<[Arc<StorePasses>]>>,
    /// Lets one tick happen at a time.
    ticking: tokio::sync::Mutex<()>,
    last_tick: AtomicI64,
}

impl Passes {
    pub(crate) fn new(shared: &Arc<Shared>, runs: &Arc<Runs>, slots: &[Arc<Slot>]) -> Arc<Self> {
        Arc::new(Self {
            shared: Arc::clone(shared),
            runs: Arc::clone(runs),
            stores: RwLock::new(
                slots.iter().map(|slot| StorePasses::new(slot, PassState::default())).collect(),
            ),
            ticking: tokio::sync::Mutex::default(),
            last_tick: AtomicI64::new(Timestamp::MIN.as_micros()),
        })
    }

    /// Passes over another store from now on, or begins anew with one.
    pub(crate) async fn add(&self, slot: &Arc<Slot>, state: PassState) {
        if let Some(known) = self.of(slot) {
            *known.state.lock().await = state;
            return;
        }
        let mut stores = self.stores.write();
        *stores = stores.iter().cloned().chain([StorePasses::new(slot, state)]).collect();
    }

    /// Makes no more passes over a store; one may be under way.
    pub(crate) fn remove(&self, slot: &Arc<Slot>) -> Option<Arc<StorePasses>> {
        let removed = self.of(slot);
        let mut stores = self.stores.write();
        *stores = stores.iter().filter(|known| !Arc::ptr_eq(&known.slot, slot)).cloned().collect();
        removed
    }

    fn stores(&self) -> Arc<[Arc<StorePasses>]> {
        Arc::clone(&self.stores.read())
    }

    fn of(&self, slot: &Arc<Slot>) -> Option<Arc<StorePasses>> {
        self.stores.read().iter().find(|known| Arc::ptr_eq(&known.slot, slot)).cloned()
    }

    /// Since when a pass over this store has been under way.
    pub(crate) fn busy_since(&self, slot: &Arc<Slot>) -> Option<Timestamp> {
        *self.of(slot)?.busy_since.lock()
    }

    /// When the last tick began.
    pub(crate) fn last_tick(&self) -> Option<Timestamp> {
        let micros = self.last_tick.load(Ordering::Relaxed);
        (micros > Timestamp::MIN.as_micros()).then(|| Timestamp::from_micros(micros))
    }
}

/// Whether something that was done at an instant was done so short a time ago. After a clock that was put back
/// it was not.
fn is_within(time: std::time::Duration, done_at: Option<Timestamp>, now: Timestamp) -> bool {
    done_at.is_some_and(|at| at <= now && now < at.saturating_add(time))
}
