//! The one engine behind every kind of scheduler.

mod active;
mod add;
mod cache;
mod change;
mod clock;
mod components;
mod corrupt;
mod doubt;
mod due;
mod history;
mod ids;
mod lease;
mod life;
mod manage;
mod place;
mod recover;
mod replaced;
mod run_now;
mod selector;
mod settle;
mod slot;
mod submit;
mod tick;
mod wind_down;
mod zones;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use punctual_core::{
    Alias, CheckedJob, Clock, Codec, DynJobStore, Executor, JobDefaults, NodeId, RunId, RunReport,
    RunSink, SharedState, StoreCaps, TaskRegistry, Timestamp, TriggerDefaults, TriggerRegistry,
    Zone,
};
use tokio::sync::Notify;

use self::active::ActiveRuns;
pub(crate) use self::ids::Ids;
pub use self::life::SchedulerState;
pub(crate) use self::place::Place;
pub use self::selector::JobSelector;
pub(crate) use self::slot::Slot;
use crate::events::EventBus;
use crate::health::StoreHealth;
use crate::{HistoryOptions, SchedulerError};

/// What a builder decided.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Another value of the same name after a refresh of the zone database.
    pub zone: RwLock<Zone>,
    pub job_defaults: JobDefaults,
    pub codec: Codec,
    pub retry_interval: Duration,
    pub lease: Duration,
    pub poll_interval: Duration,
    pub batch: usize,
    pub max_running: usize,
    /// The name under which this scheduler's runs are recorded; none: a new one at each start.
    pub identity: Option<NodeId>,
    pub history: HistorySettings,
    /// Whether jobs are only managed here, and run elsewhere.
    pub client: bool,
    /// How long the driver sleeps at most.
    pub max_sleep: Duration,
}

/// Of which stores the history of runs is kept.
#[derive(Debug, Default)]
pub(crate) struct HistorySettings {
    /// Of those that have no options of their own; none: of those that processes share.
    pub all: Option<HistoryOptions>,
    pub of: HashMap<Alias, HistoryOptions>,
}

impl HistorySettings {
    fn of(&self, alias: &Alias, caps: StoreCaps) -> HistoryOptions {
        let default = if caps.shared { HistoryOptions::on() } else { HistoryOptions::off() };
        self.of.get(alias).copied().or(self.all).unwrap_or(default)
    }
}

/// All that the handles of one scheduler share.
pub(crate) struct Engine {
    pub settings: Settings,
    pub clock: Arc<dyn Clock>,
    pub bus: EventBus,
    /// Told when something may be due earlier than the driver knows, or has ended.
    pub wake: Notify,
    /// Told when runs have ended and been dealt with.
    ended: Notify,
    state: SharedState,
    /// In the order in which they were added.
    slots: RwLock<Arc<[Arc<Slot>]>>,
    executors: RwLock<HashMap<Alias, Arc<dyn Executor>>>,
    tasks: RwLock<TaskRegistry>,
    triggers: TriggerRegistry,
    pending: Mutex<Vec<CheckedJob>>,
    phase: Mutex<life::Phase>,
    /// Lets one start or shutdown happen at a time.
    life: tokio::sync::Mutex<()>,
    /// Set by a shutdown that has waited for a start for too long.
    give_up: tokio::sync::watch::Sender<bool>,
    /// Lets one pass happen at a time.
    tick: tokio::sync::Mutex<()>,
    active: Mutex<ActiveRuns>,
    ids: Ids,
    next_run_id: Mutex<RunId>,
    node: Mutex<NodeId>,
    reports: Arc<Reports>,
    last_tick: AtomicI64,
    /// Where the engine runs while it does, for callers from elsewhere.
    runtime: Mutex<Option<tokio::runtime::Handle>>,
    /// Counts starts and stops: odd while the scheduler runs.
    turns: tokio::sync::watch::Sender<u64>,
}

/// The parts of an engine that a builder has put together.
pub(crate) struct EngineParts {
    pub settings: Settings,
    pub clock: Arc<dyn Clock>,
    pub stores: Vec<(Alias, Arc<dyn DynJobStore>)>,
    pub executors: Vec<(Alias, Arc<dyn Executor>)>,
    pub tasks: TaskRegistry,
    pub triggers: TriggerRegistry,
    pub bus: EventBus,
    pub state: SharedState,
    pub ids: Ids,
}

impl Engine {
    /// Makes a stopped engine. `state` gets the engine, to put a handle of it among the values that
    /// runs can reach.
    pub(crate) fn new(
        parts: EngineParts,
        state: impl FnOnce(SharedState, &std::sync::Weak<Self>) -> SharedState,
    ) -> Arc<Self> {
        let EngineParts { settings, clock, stores, ids, .. } = parts;
        let slot = |(alias, store): (Alias, Arc<dyn DynJobStore>)| {
            let history = settings.history.of(&alias, store.caps());
            Slot::new(alias, store, Arc::clone(&clock), history)
        };
        let slots: Arc<[Arc<Slot>]> = stores.into_iter().map(slot).collect();
        Arc::new_cyclic(|engine| Self {
            settings,
            clock,
            bus: parts.bus,
            wake: Notify::new(),
            ended: Notify::new(),
            state: state(parts.state, engine),
            slots: RwLock::new(slots),
            executors: RwLock::new(parts.executors.into_iter().collect()),
            tasks: RwLock::new(parts.tasks),
            triggers: parts.triggers,
            pending: Mutex::default(),
            phase: Mutex::default(),
            life: tokio::sync::Mutex::default(),
            give_up: tokio::sync::watch::Sender::default(),
            tick: tokio::sync::Mutex::default(),
            active: Mutex::default(),
            next_run_id: Mutex::new(ids.run()),
            node: Mutex::new(ids.node()),
            ids,
            reports: Arc::new(Reports { waiting: Mutex::default(), engine: engine.clone() }),
            last_tick: AtomicI64::new(Timestamp::MIN.as_micros()),
            runtime: Mutex::default(),
            turns: tokio::sync::watch::Sender::default(),
        })
    }

    /// The stores in the order in which they were added.
    fn slots(&self) -> Arc<[Arc<Slot>]> {
        Arc::clone(&self.slots.read())
    }

    fn slot(&self, alias: &Alias) -> Result<Arc<Slot>, SchedulerError> {
        let slots = self.slots.read();
        let found = slots.iter().find(|slot| slot.alias == *alias);
        found.cloned().ok_or_else(|| SchedulerError::UnknownJobStore(alias.clone()))
    }

    /// What triggers that leave something open take from the scheduler, for a job of that store.
    fn trigger_defaults(&self, slot: Option<&Slot>) -> TriggerDefaults {
        TriggerDefaults { zone: self.settings.zone.read().clone(), now: self.now(slot) }
    }

    /// What time it is for a store's jobs, or for those that are in none yet.
    fn now(&self, slot: Option<&Slot>) -> Timestamp {
        slot.map_or_else(|| self.clock.now(), Slot::now)
    }

    /// Where the engine runs; none while it is stopped.
    pub(crate) fn runtime(&self) -> Option<tokio::runtime::Handle> {
        self.runtime.lock().clone()
    }

    pub(crate) fn running_count(&self) -> usize {
        self.active.lock().len()
    }

    pub(crate) fn store_health(&self) -> Vec<StoreHealth> {
        let slots = self.slots.read();
        slots.iter().map(|slot| slot.store_health()).collect()
    }

    /// When the last pass began.
    pub(crate) fn last_tick(&self) -> Option<Timestamp> {
        let micros = self.last_tick.load(Ordering::Relaxed);
        (micros > Timestamp::MIN.as_micros()).then(|| Timestamp::from_micros(micros))
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduler")
            .field("state", &self.scheduler_state())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The reports of ended runs, until the next pass deals with them.
struct Reports {
    waiting: Mutex<Vec<RunReport>>,
    engine: std::sync::Weak<Engine>,
}

impl RunSink for Reports {
    fn report(&self, report: RunReport) {
        let mut waiting = self.waiting.lock();
        waiting.push(report);
        let first = waiting.len() == 1;
        drop(waiting);
        // One signal for all that have come since the last pass.
        if first && let Some(engine) = self.engine.upgrade() {
            engine.wake.notify_one();
        }
    }
}

impl Reports {
    fn take(&self) -> Vec<RunReport> {
        std::mem::take(&mut *self.waiting.lock())
    }

    /// Takes an emptied list back, so that the next reports need no new one.
    fn give_back(&self, empty: Vec<RunReport>) {
        let mut waiting = self.waiting.lock();
        if waiting.capacity() == 0 {
            *waiting = empty;
        }
    }
}
