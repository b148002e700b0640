//! Health checks.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use punctual_core::{Alias, CorruptRecord, Executor, StoreError, Timestamp, ZoneDatabase};

use super::Engine;
use crate::shared::SchedulerState;
use crate::shared::metrics::{Gauges, StoreGauges};
use crate::store::RegisteredStore;

/// Time without a tick, or without a response of a store, after which the health check fails.
const STALL_THRESHOLD: Duration = Duration::from_secs(10);

/// Health of a scheduler, returned by `health()`, which reads no store.
///
/// ```
/// use punctual_scheduler::BackgroundScheduler;
/// use punctual_store_memory::MemoryJobStore;
/// # use punctual_executor_threads::ThreadPoolExecutor;
///
/// # fn main() -> Result<(), punctual_scheduler::SchedulerError> {
/// let scheduler = BackgroundScheduler::builder()
///     .job_store("default", MemoryJobStore::new())
///     # .executor("default", ThreadPoolExecutor::default())
///     .start()?;
/// let health = scheduler.health();
/// assert!(health.is_ok());
/// for executor in &health.executors {
///     println!("{}: {:?} runs wait", executor.executor, executor.queued_runs);
/// }
/// # scheduler.shutdown()
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Health {
    /// Time of the health check.
    pub now: Timestamp,
    /// The state of the scheduler.
    pub state: SchedulerState,
    /// Start of the last tick. A started scheduler ticks at least once per second. `None` before the first tick.
    pub last_tick: Option<Timestamp>,
    /// Time for which the next tick is overdue: how far the loop is behind. While a tick waits for a store, this is about
    /// the time since its start. Zero while the scheduler is not started.
    pub lag: Duration,
    /// Number of runs that are running or queued in this process.
    pub active_runs: usize,
    /// Number of events that wait for the thread of the listeners.
    pub queued_events: usize,
    /// The release of the time zone database in use, such as `2026e`.
    pub zone_release: String,
    /// Load of the executors, ordered by alias.
    pub executors: Vec<ExecutorHealth>,
    /// Health of the job stores, in the order in which they were added.
    pub job_stores: Vec<StoreHealth>,
}

/// Load of an executor.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExecutorHealth {
    /// The alias of the executor.
    pub executor: Alias,
    /// Number of runs that wait for a free worker. `None` if the executor does not tell.
    pub queued_runs: Option<usize>,
    /// Number of workers that execute a run. `None` if the executor does not tell.
    pub running_runs: Option<usize>,
}

/// Health of a job store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoreHealth {
    /// The alias of the store.
    pub job_store: Alias,
    /// Error of the last failed call. `None` while the store works.
    pub error: Option<Arc<StoreError>>,
    /// Number of consecutive passes that have failed. 0 while the store works.
    pub failures: u32,
    /// Error of the last failed pass, also if the store works again. `None` if none has failed since the start.
    pub last_error: Option<Arc<StoreError>>,
    /// Time of the last failed pass.
    pub last_failed_at: Option<Timestamp>,
    /// Time at which the store is retried. `None` while the store works.
    pub retry_at: Option<Timestamp>,
    /// Start of the pass in progress over the store. `None` if there is none.
    pub busy_since: Option<Timestamp>,
    /// Time since the earliest due job that this process could run, and that has not been claimed, is due, as of the last
    /// pass. It grows while the store fails, while `max_concurrent_runs` is reached, and if more jobs are due than are
    /// claimed. Zero unless the scheduler is running.
    pub lag: Duration,
    /// Number of changes after runs have ended that are committed by the next pass.
    pub pending_commits: usize,
    /// Number of entries of the run history that are not written yet.
    pub pending_history: usize,
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
            lag: self.lag(),
            active_runs: self.runs.count(),
            queued_events: self.shared.bus.queued(),
            zone_release: ZoneDatabase::current().release().to_owned(),
            executors: self.executor_health(),
            job_stores: self.stores.all().iter().map(|store| self.store_health(store)).collect(),
        }
    }

    fn store_health(&self, store: &Arc<RegisteredStore>) -> StoreHealth {
        let (error, failures, latest, retry_at) = {
            let failures = store.failures.lock();
            (failures.last(), failures.count(), failures.latest(), failures.retry_at())
        };
        let (last_error, last_failed_at) = latest.unzip();
        StoreHealth {
            job_store: store.alias.clone(),
            error,
            failures,
            last_error,
            last_failed_at: last_failed_at.map(|at| store.clock.to_local(at)),
            retry_at: retry_at.map(|at| store.clock.to_local(at)),
            busy_since: self.passes.busy_since(store),
            lag: self.store_lag(store),
            pending_commits: store.pending.count(),
            pending_history: store.history.as_ref().map_or(0, |history| history.buffered()),
            clock_offset_micros: store.clock.offset_micros(),
            corrupt: store.corrupt(),
        }
    }

    fn executor_health(&self) -> Vec<ExecutorHealth> {
        let mut executors: Vec<_> = self.shared.executors();
        executors.sort_by(|(one, _), (other, _)| one.cmp(other));
        let health = |(alias, executor): (_, Arc<dyn Executor>)| {
            let load = executor.load();
            ExecutorHealth {
                executor: alias,
                queued_runs: load.map(|load| load.queued),
                running_runs: load.map(|load| load.running),
            }
        };
        executors.into_iter().map(health).collect()
    }

    /// Sets the time at which the next tick is needed, after the tick at `now` returned `next`.
    pub(super) fn set_next_tick(&self, now: Timestamp, next: Option<Timestamp>) {
        let latest = now.saturating_add(self.shared.settings.max_sleep);
        let next = next.map_or(latest, |next| next.min(latest));
        self.next_tick.store(next.as_micros(), Ordering::Relaxed);
    }

    /// No tick is overdue before the first one after a start.
    pub(super) fn reset_next_tick(&self) {
        self.next_tick.store(i64::MAX, Ordering::Relaxed);
    }

    fn lag(&self) -> Duration {
        let next = self.next_tick.load(Ordering::Relaxed);
        if next == i64::MAX || !self.shared.scheduler_state.is_started() {
            return Duration::ZERO;
        }
        self.shared.clock.now().saturating_since(Timestamp::from_micros(next))
    }

    fn store_lag(&self, store: &RegisteredStore) -> Duration {
        match self.shared.scheduler_state.get() {
            SchedulerState::Running => store.lag(),
            _ => Duration::ZERO,
        }
    }

    /// The values of the gauges after the tick at `now`.
    pub(super) fn gauges(&self, now: Timestamp) -> Gauges {
        let store = |store: &Arc<RegisteredStore>| StoreGauges {
            alias: store.alias.clone(),
            is_up: store.failures.lock().count() == 0,
            lag: self.store_lag(store),
        };
        let executors = self.shared.executors().into_iter();
        Gauges {
            last_tick: now,
            active_runs: self.runs.count(),
            queued_events: self.shared.bus.queued(),
            executors: executors.filter_map(|(alias, it)| Some((alias, it.load()?))).collect(),
            stores: self.stores.all().iter().map(store).collect(),
        }
    }
}
