//! How a scheduler is doing.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{Alias, CorruptRecord, StoreError, Timestamp, ZoneDatabase};

use super::Engine;
use crate::shared::SchedulerState;
use crate::store::Slot;

/// How long the scheduler or a store may be silent before that counts as a failure.
const MAX_SILENCE: Duration = Duration::from_secs(10);

/// How a scheduler is doing, for health checks.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Health {
    /// When this was looked at.
    pub now: Timestamp,
    /// What the scheduler is doing.
    pub state: SchedulerState,
    /// When its last pass began; a running scheduler makes one at least every second. None before
    /// the first.
    pub last_pass: Option<Timestamp>,
    /// How many runs this process has under way.
    pub running: usize,
    /// The release of the time zone database in use, such as `2026e`.
    pub zone_release: String,
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
    /// Since when it has been asked for something that it has not answered yet.
    pub busy_since: Option<Timestamp>,
    /// How far the store's clock is ahead of this machine's, in microseconds, negative when it is behind,
    /// as found when it was asked last. The store's decides when jobs are due and which processes live. 0
    /// for stores that leave that to this machine's clock.
    pub clock_offset_micros: i64,
    /// What it holds and can't be read, as far as it was met since the start: at most 1,000 of them.
    pub corrupt: Vec<CorruptRecord>,
}

impl Health {
    /// Whether the scheduler runs and all its stores work, neither it nor any of them silent for 10
    /// seconds. Under a [`tick`](crate::AsyncScheduler::tick) of one's own, it is silent between passes.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        let answers = |store: &StoreHealth| {
            let silent = |since| self.now.saturating_since(since) >= MAX_SILENCE;
            store.error.is_none() && !store.busy_since.is_some_and(silent)
        };
        let late = |pass| self.now.saturating_since(pass) >= MAX_SILENCE;
        matches!(self.state, SchedulerState::Running | SchedulerState::Paused)
            && !self.last_pass.is_some_and(late)
            && self.job_stores.iter().all(answers)
    }
}

impl Engine {
    pub(crate) fn health(&self) -> Health {
        Health {
            now: self.shared.clock.now(),
            state: self.shared.phase.get(),
            last_pass: self.passes.last_tick(),
            running: self.runs.count(),
            zone_release: ZoneDatabase::current().release().to_owned(),
            job_stores: self.stores.all().iter().map(|slot| self.store_health(slot)).collect(),
        }
    }

    fn store_health(&self, slot: &Arc<Slot>) -> StoreHealth {
        let (error, retry_at) = {
            let failures = slot.failures.lock();
            (failures.last(), failures.retry_at())
        };
        StoreHealth {
            alias: slot.alias.clone(),
            error,
            retry_at: retry_at.map(|at| slot.clock.own(at)),
            busy_since: self.passes.busy_since(slot),
            clock_offset_micros: slot.clock.offset_micros(),
            corrupt: slot.corrupt(),
        }
    }
}
