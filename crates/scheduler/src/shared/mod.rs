//! What all layers of a scheduler share: its settings, clock and registries, and the two ways up: a wake of the
//! driver, and an event.

mod bus;
mod history_options;
mod ids;
mod settings;
mod state;
mod stream;
mod wake;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use punctual_core::{
    Alias, Clock, DynTask, Executor, NodeId, SharedState, TaskFilter, TaskName, TaskRegistration,
    TaskRegistry, TaskRegistryError, TriggerRegistry, Zone,
};
use tokio::runtime::Handle;

pub(crate) use self::bus::EventBus;
pub use self::bus::ListenerId;
pub use self::history_options::HistoryOptions;
pub(crate) use self::ids::Ids;
pub(crate) use self::settings::{
    CONFLICT_RETRIES, HistorySettings, SHUTDOWN_TIMEOUT, STORES_TIMEOUT, Settings,
};
pub(crate) use self::state::Phase;
pub use self::state::SchedulerState;
pub use self::stream::EventStream;
pub(crate) use self::wake::Wake;

type Executors = HashMap<Alias, Arc<dyn Executor>>;

/// What all layers share.
pub(crate) struct Shared {
    pub settings: Settings,
    pub clock: Arc<dyn Clock>,
    pub bus: EventBus,
    /// Told when something may be due earlier than the driver knows, or has ended.
    pub wake: Arc<Wake>,
    /// What the scheduler is doing.
    pub phase: Phase,
    /// What runs can reach.
    pub state: SharedState,
    pub triggers: TriggerRegistry,
    /// Where random names come from.
    pub ids: Ids,
    tasks: RwLock<TaskRegistry>,
    executors: RwLock<Executors>,
    /// Another value of the same name after a refresh of the zone database.
    zone: RwLock<Zone>,
    /// The name under which runs are recorded.
    node: Mutex<NodeId>,
    /// Where the engine runs while it does, for callers from elsewhere.
    runtime: Mutex<Option<Handle>>,
}

/// What a builder has put together for it.
pub(crate) struct SharedParts {
    pub settings: Settings,
    pub zone: Zone,
    pub clock: Arc<dyn Clock>,
    pub executors: Vec<(Alias, Arc<dyn Executor>)>,
    pub tasks: TaskRegistry,
    pub triggers: TriggerRegistry,
    pub bus: EventBus,
    pub state: SharedState,
    pub ids: Ids,
}

impl Shared {
    pub(crate) fn new(parts: SharedParts) -> Arc<Self> {
        Arc::new(Self {
            settings: parts.settings,
            clock: parts.clock,
            bus: parts.bus,
            wake: Arc::default(),
            phase: Phase::default(),
            state: parts.state,
            triggers: parts.triggers,
            node: Mutex::new(parts.ids.node()),
            ids: parts.ids,
            tasks: RwLock::new(parts.tasks),
            executors: RwLock::new(parts.executors.into_iter().collect()),
            zone: RwLock::new(parts.zone),
            runtime: Mutex::default(),
        })
    }

    /// The task of this name, if anybody has registered it.
    pub(crate) fn task(&self, name: &TaskName) -> Option<Arc<dyn DynTask>> {
        self.tasks.read().get(name)
    }

    /// Makes a task known.
    pub(crate) fn register(&self, task: TaskRegistration) -> Result<(), TaskRegistryError> {
        self.tasks.write().register(task)
    }

    /// Lets go of the closure of a job that has left; of any other task nothing is forgotten.
    pub(crate) fn forget_closure(&self, task: &TaskName) {
        self.tasks.write().forget_closure(task);
    }

    /// Lets through the tasks that are known here.
    pub(crate) fn known_tasks(&self) -> TaskFilter {
        TaskFilter::Only(Arc::clone(self.tasks.read().names()))
    }

    pub(crate) fn executor(&self, alias: &Alias) -> Option<Arc<dyn Executor>> {
        self.executors.read().get(alias).cloned()
    }

    pub(crate) fn executors(&self) -> Vec<(Alias, Arc<dyn Executor>)> {
        self.executors.read().iter().map(|(a, e)| (a.clone(), Arc::clone(e))).collect()
    }

    /// Adds an executor, once `start` has succeeded; false when there is one of that alias.
    pub(crate) fn add_executor<E>(
        &self,
        alias: &Alias,
        executor: Arc<dyn Executor>,
        start: impl FnOnce(&dyn Executor) -> Result<(), E>,
    ) -> Result<bool, E> {
        let mut executors = self.executors.write();
        if executors.contains_key(alias) {
            return Ok(false);
        }
        start(&*executor)?;
        executors.insert(alias.clone(), executor);
        Ok(true)
    }

    pub(crate) fn remove_executor(&self, alias: &Alias) -> Option<Arc<dyn Executor>> {
        self.executors.write().remove(alias)
    }

    /// The zone of triggers that name none.
    pub(crate) fn zone(&self) -> Zone {
        self.zone.read().clone()
    }

    /// Looks its own zone up again.
    pub(crate) fn refresh_zone(&self) {
        let own = Zone::named(self.zone.read().name());
        if let Ok(own) = own {
            *self.zone.write() = own;
        }
    }

    pub(crate) fn node(&self) -> NodeId {
        self.node.lock().clone()
    }

    /// Takes the name for a run of the scheduler: its own, or a new one.
    pub(crate) fn take_name(&self) {
        *self.node.lock() = self.settings.identity.clone().unwrap_or_else(|| self.ids.node());
    }

    /// Where the engine runs; none while it is stopped.
    pub(crate) fn runtime(&self) -> Option<Handle> {
        self.runtime.lock().clone()
    }

    pub(crate) fn set_runtime(&self, runtime: Option<Handle>) {
        *self.runtime.lock() = runtime;
    }
}
