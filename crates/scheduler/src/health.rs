//! How a scheduler is doing.

use std::sync::Arc;

use punctual_core::{Alias, StoreError, Timestamp};

use crate::engine::{Engine, SchedulerState};

/// How a scheduler is doing, for health checks.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Health {
    /// What the scheduler is doing.
    pub state: SchedulerState,
    /// When its last pass began; a running scheduler makes one at least every second. None before
    /// the first.
    pub last_pass: Option<Timestamp>,
    /// How many runs this process has under way.
    pub running: usize,
    /// Its stores, in the order in which they were added.
    pub job_stores: Vec<StoreHealth>,
}

/// How a store is doing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoreHealth {
    /// The store.
    pub alias: Alias,
    /// What it said when it failed last; none while it works.
    pub error: Option<Arc<StoreError>>,
    /// When it is tried again; none while it works.
    pub retry_at: Option<Timestamp>,
}

impl Health {
    /// Whether the scheduler runs and all its stores work.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        matches!(self.state, SchedulerState::Running | SchedulerState::Paused)
            && self.job_stores.iter().all(|store| store.error.is_none())
    }
}

impl Engine {
    pub(crate) fn health(&self) -> Health {
        Health {
            state: self.scheduler_state(),
            last_pass: self.last_tick(),
            running: self.running_count(),
            job_stores: self.store_health(),
        }
    }
}
