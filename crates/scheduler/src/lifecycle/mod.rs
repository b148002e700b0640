//! The engine behind every kind of scheduler, and its life: start, pause, shutdown, stores and executors that come and
//! go, and the driver.

mod components;
mod driver;
mod health;
mod shutdown;
mod start;
mod zones;

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use punctual_core::{Alias, DynJobStore, SharedState};
use tokio::task::AbortHandle;

pub use self::health::{Health, StoreHealth};
use crate::jobs::Jobs;
use crate::pass::Passes;
use crate::runs::Runs;
use crate::shared::{Shared, SharedParts};
use crate::store::{Slot, Stores};

/// All that the handles of one scheduler share: the layers, and what starts and stops them.
pub(crate) struct Engine {
    pub shared: Arc<Shared>,
    pub runs: Arc<Runs>,
    pub passes: Arc<Passes>,
    pub jobs: Arc<Jobs>,
    stores: Arc<Stores>,
    /// Lets one start or shutdown happen at a time.
    changing: tokio::sync::Mutex<()>,
    /// Set by a shutdown that has waited for a start for too long.
    give_up: tokio::sync::watch::Sender<bool>,
    /// The task of the driver, if it has one.
    driver: Mutex<Option<AbortHandle>>,
    /// Counts starts and stops: odd while the scheduler runs.
    turns: tokio::sync::watch::Sender<u64>,
}

impl Engine {
    /// Makes a stopped engine. `state` gets the engine, to put a handle of it among the values that
    /// runs can reach.
    pub(crate) fn new(
        parts: SharedParts,
        stores: Vec<(Alias, Arc<dyn DynJobStore>)>,
        state: impl FnOnce(SharedState, &Weak<Self>) -> SharedState,
    ) -> Arc<Self> {
        Arc::new_cyclic(|engine| {
            let state = state(parts.state, engine);
            let shared = Shared::new(SharedParts { state, ..parts });
            let slot = |(alias, store)| Slot::new(&shared, alias, store);
            let stores = Stores::new(stores.into_iter().map(slot));
            let runs = Runs::new(&shared);
            Self {
                passes: Passes::new(&shared, &runs, &stores.all()),
                jobs: Jobs::new(&shared, &stores, &runs),
                shared,
                runs,
                stores,
                changing: tokio::sync::Mutex::default(),
                give_up: tokio::sync::watch::Sender::default(),
                driver: Mutex::default(),
                turns: tokio::sync::watch::Sender::default(),
            }
        })
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduler")
            .field("state", &self.shared.phase.get())
            .field("zone", &self.shared.zone())
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}
