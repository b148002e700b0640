//! Health checks.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{Alias, CorruptRecord, StoreError, Timestamp, ZoneDatabase};

use super::Engine;
use crate::shared::SchedulerState;
use crate::store::RegisteredStore;

/// Time without a tick, or without a response of a store, after which the health check fails.
const STALL_THRESHOLD: Duration = Duration::from_secs(10);

/// Health of a scheduler.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Health {
    /// Time of the health check.
    pub now: Timestamp,
    /// The state of the scheduler.
    pub state: SchedulerState,
    /// Start of the last tick. A started scheduler ticks at least once per second. `None` before the first tick.
    pub last_tick: Option<Timestamp>,
    /// Number of runs that are running or queued in this process.
    pub active_runs: usize,
    /// The release of the time zone database in use, such as `2026e`.
    pub zone_release: String,
    /// Health of the job stores, in the order in which they were added.
    pub job_stores: Vec<StoreHealth>,
}

/// Health of a job store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoreHealth {
    /// The alias of the store.
    pub job_store: Alias,
    /// Error of the last failed call. `None` while the store works.
    pub error: Option<Arc<StoreError>>,
    /// Time at which the store is retried. `None` while the store works.
    pub retry_at: Option<Timestamp>,
    /// Start of the pass in progress over the store. `None` if there is none.
    pub busy_since: Option<Timestamp>,
    /// Offset of the store's clock to the local clock in microseconds, negative if the store's clock is behind, as of
    /// the last sample. Store time determines due times and lease expiry. 0 for stores that use the local clock.
    pub clock_offset_micros: i64,
    /// Corrupt records found since the start, at most 1,000.
    pub corrupt: Vec<CorruptRecord>,
}

impl Health {
    /// Whether the scheduler is started, all its stores work, the last tick started less than 10 seconds ago, and no
    /// pass has been in progress for 10 seconds or longer. A scheduler whose [`tick`](crate::AsyncScheduler::tick) is
    /// called by the user fails the check if the calls are 10 seconds or more apart.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        let is_responding = |store: &StoreHealth| {
            let is_stalled = |since| self.now.saturating_since(since) >= STALL_THRESHOLD;
            store.error.is_none() && !store.busy_since.is_some_and(is_stalled)
        };
        let late = |pass| self.now.saturating_since(pass) >= STALL_THRESHOLD;
        matches!(self.state, SchedulerState::Running | SchedulerState::Paused)
            && !self.last_tick.is_some_and(late)
            && self.job_stores.iter().all(is_responding)
    }
}

impl Engine {
    pub(crate) fn health(&self) -> Health {
        Health {
            now: self.shared.clock.now(),
            state: self.shared.scheduler_state.get(),
            last_tick: self.passes.last_tick(),
            active_runs: self.runs.count(),
            zone_release: ZoneDatabase::current().release().to_owned(),
            job_stores: self.stores.all().iter().map(|store| self.store_health(store)).collect(),
        }
    }

    fn store_health(&self, store: &Arc<RegisteredStore>) -> StoreHealth {
        let (error, retry_at) = {
            let failures = store.failures.lock();
            (failures.last(), failures.retry_at())
        };
        StoreHealth {
            job_store: store.alias.clone(),
            error,
            retry_at: retry_at.map(|at| store.clock.to_local(at)),
            busy_since: self.passes.busy_since(store),
            clock_offset_micros: store.clock.offset_micros(),
            corrupt: store.corrupt(),
        }
    }
}
