//! What users do with jobs: add, find, change, pause, remove and run them now, and read what became of their runs.

mod add;
mod change;
mod corrupt;
mod find;
mod history;
mod pending;
mod query;
mod remove;
mod run_now;
mod schedule;
mod selector;
mod show;

use std::sync::Arc;

use punctual_core::{Timestamp, TriggerDefaults};

use self::pending::Pending;
pub use self::query::JobQuery;
pub use self::selector::JobSelector;
use crate::runs::Runs;
use crate::shared::Shared;
use crate::store::{Slot, Stores};

/// How many jobs a listing fetches at a time.
const PAGE: usize = 1_000;

/// The jobs of a scheduler.
pub(crate) struct Jobs {
    shared: Arc<Shared>,
    stores: Arc<Stores>,
    runs: Arc<Runs>,
    /// Those that wait for the start.
    pending: Pending,
}

impl Jobs {
    pub(crate) fn new(shared: &Arc<Shared>, stores: &Arc<Stores>, runs: &Arc<Runs>) -> Arc<Self> {
        Arc::new(Self {
            shared: Arc::clone(shared),
            stores: Arc::clone(stores),
            runs: Arc::clone(runs),
            pending: Pending::default(),
        })
    }

    /// What triggers that leave something open take from the scheduler, for a job of that store.
    fn trigger_defaults(&self, slot: Option<&Slot>) -> TriggerDefaults {
        TriggerDefaults::new(self.shared.zone(), self.now(slot))
    }

    /// What time it is for a store's jobs, or for those that are in none yet.
    fn now(&self, slot: Option<&Slot>) -> Timestamp {
        slot.map_or_else(|| self.shared.clock.now(), Slot::now)
    }
}
