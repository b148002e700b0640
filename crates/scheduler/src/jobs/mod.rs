//! Operations on jobs: add, find, change, pause, remove and run them, and read their run history.

mod add;
mod bulk;
mod cancel;
mod change;
mod corrupt;
mod dead_letters;
mod dropped;
mod export;
mod find;
mod fire_times;
mod history;
mod history_page;
mod history_query;
mod import;
mod listing;
mod merge;
mod move_job;
mod pending;
mod query;
mod remove;
mod reschedule;
mod run_now;
mod schedule;
mod selector;
mod settled;
mod view;

use std::sync::Arc;

use punctual_core::{Timestamp, TriggerDefaults};
use punctual_triggers::trigger_defaults;

pub(crate) use self::bulk::BulkAction;
pub use self::bulk::BulkChange;
pub use self::cancel::CancelRequest;
pub use self::export::{JobExport, SkippedJob};
pub use self::history_page::{HistoryEntry, HistoryPage};
pub use self::history_query::HistoryQuery;
pub use self::import::{JobImport, OnConflict};
use self::pending::PendingJobs;
pub use self::query::JobQuery;
pub use self::selector::JobSelector;
use crate::runs::RunTracker;
use crate::shared::Shared;
use crate::store::{RegisteredStore, StoreRegistry};

/// Number of jobs that a listing fetches in one call.
const PAGE_SIZE: usize = 1_000;

/// The operations on the jobs of a scheduler.
pub(crate) struct Jobs {
    shared: Arc<Shared>,
    stores: Arc<StoreRegistry>,
    runs: Arc<RunTracker>,
    /// Jobs added before the start.
    pending: PendingJobs,
}

impl Jobs {
    pub(crate) fn new(
        shared: &Arc<Shared>,
        stores: &Arc<StoreRegistry>,
        runs: &Arc<RunTracker>,
    ) -> Arc<Self> {
        Arc::new(Self {
            shared: Arc::clone(shared),
            stores: Arc::clone(stores),
            runs: Arc::clone(runs),
            pending: PendingJobs::default(),
        })
    }

    /// Defaults for triggers that leave options unset, for a job in this store.
    fn trigger_defaults(&self, store: Option<&RegisteredStore>) -> TriggerDefaults {
        trigger_defaults(self.shared.zone(), self.now(store))
    }

    /// The store's time. For a job that is in no store yet, the local time.
    fn now(&self, store: Option<&RegisteredStore>) -> Timestamp {
        store.map_or_else(|| self.shared.clock.now(), RegisteredStore::now)
    }
}
