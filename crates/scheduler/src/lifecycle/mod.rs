//! The engine behind all kinds of schedulers: start, pause, shutdown, adding and removing stores and executors, and the
//! driver.

mod alarm;
mod driver;
mod dropped;
mod health;
mod health_json;
mod registration;
mod shutdown;
mod start;
mod zones;

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use punctual_core::{Alias, AppData, DynJobStore};
use tokio::task::AbortHandle;

pub use self::health::{ExecutorHealth, Health, StoreHealth};
use crate::jobs::Jobs;
use crate::pass::PassRunner;
use crate::runs::RunTracker;
use crate::shared::{Shared, SharedParts};
use crate::store::{RegisteredStore, StoreRegistry};

/// The state shared by all handles of one scheduler: its layers, and the state of starts and shutdowns.
pub(crate) struct Engine {
    pub shared: Arc<Shared>,
    pub runs: Arc<RunTracker>,
    pub passes: Arc<PassRunner>,
    pub jobs: Arc<Jobs>,
    stores: Arc<StoreRegistry>,
    /// Serialises starts and shutdowns.
    lifecycle_lock: tokio::sync::Mutex<()>,
    /// Cancels a start that exceeds the timeout of a shutdown.
    cancel_start: tokio::sync::watch::Sender<bool>,
    /// The task of the driver, if there is one.
    driver: Mutex<Option<AbortHandle>>,
    /// Counts starts and stops: odd while the scheduler is started.
    lifecycle_epoch: tokio::sync::watch::Sender<u64>,
    /// The time at which the next tick is needed, in microseconds; the maximum before the first tick.
    next_tick: AtomicI64,
}

impl Engine {
    /// Creates a stopped engine. `app_data` is called with the data of the user and a reference to the engine, and returns the
    /// data that runs can access.
    pub(crate) fn new(
        parts: SharedParts,
        stores: Vec<(Alias, Arc<dyn DynJobStore>)>,
        app_data: impl FnOnce(AppData, &Weak<Self>) -> AppData,
    ) -> Arc<Self> {
        Arc::new_cyclic(|engine| {
            let app_data = app_data(parts.app_data, engine);
            let shared = Shared::new(SharedParts { app_data, ..parts });
            let register = |(alias, backend)| RegisteredStore::new(&shared, alias, backend);
            let stores = StoreRegistry::new(stores.into_iter().map(register));
            let runs = RunTracker::new(&shared);
            Self {
                passes: PassRunner::new(&shared, &runs, &stores.all()),
                jobs: Jobs::new(&shared, &stores, &runs),
                shared,
                runs,
                stores,
                lifecycle_lock: tokio::sync::Mutex::default(),
                cancel_start: tokio::sync::watch::Sender::default(),
                driver: Mutex::default(),
                lifecycle_epoch: tokio::sync::watch::Sender::default(),
                next_tick: AtomicI64::new(i64::MAX),
            }
        })
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduler")
            .field("state", &self.shared.scheduler_state.get())
            .field("zone", &self.shared.zone())
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}
