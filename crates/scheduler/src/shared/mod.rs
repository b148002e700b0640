//! State shared by all layers of a scheduler: settings, clock and registries, and the two upward signals, which are
//! waking the driver and emitting events.

mod bus;
mod failure_log;
mod history_options;
mod ids;
pub(crate) mod metrics;
mod settings;
mod state;
mod stream;
mod wake;

use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use punctual_core::{
    Alias, AppData, Clock, DynTask, Executor, NodeId, TaskFilter, TaskName, TaskRegistration,
    TaskRegistry, TaskRegistryError, TriggerRegistry, Zone,
};
use rustc_hash::FxHashMap;
use tokio::runtime::Handle;

pub(crate) use self::bus::EventBus;
pub use self::bus::ListenerId;
pub use self::failure_log::FailureLog;
pub use self::history_options::HistoryOptions;
pub(crate) use self::ids::Ids;
pub(crate) use self::settings::{
    FLUSH_TIMEOUT, HistorySettings, MAX_CONFLICT_ATTEMPTS, STORE_CLOSE_TIMEOUT, Settings,
};
pub use self::state::SchedulerState;
pub(crate) use self::state::StateCell;
pub use self::stream::EventStream;
pub(crate) use self::wake::Wake;
use crate::error::SchedulerError;

type Executors = FxHashMap<Alias, Arc<dyn Executor>>;

/// State shared by all layers.
pub(crate) struct Shared {
    pub settings: Settings,
    pub clock: Arc<dyn Clock>,
    pub bus: EventBus,
    /// Signalled when a job may be due earlier than the driver expects, or when a run has ended.
    pub wake: Arc<Wake>,
    /// The state of the scheduler.
    pub scheduler_state: StateCell,
    /// Values provided by the user for jobs.
    pub app_data: AppData,
    pub triggers: TriggerRegistry,
    /// Generates node and run ids.
    pub ids: Ids,
    tasks: RwLock<TaskRegistry>,
    /// Closures that retries use.
    closures: Mutex<FxHashMap<TaskName, ClosureUse>>,
    executors: RwLock<Executors>,
    /// Replaced by a zone of the same name when the zone database is reloaded.
    zone: RwLock<Zone>,
    /// The id under which runs are recorded.
    node: Mutex<NodeId>,
    /// Runtime of the running engine, for callers outside of it.
    runtime: Mutex<Option<Handle>>,
}

/// The use of a closure by retries and dead letters, which can outlive its job.
#[derive(Default)]
struct ClosureUse {
    retries: usize,
    /// The job was removed.
    is_orphaned: bool,
}

/// Constructor arguments, assembled by the builder.
pub(crate) struct SharedParts {
    pub settings: Settings,
    pub zone: Zone,
    pub clock: Arc<dyn Clock>,
    pub executors: Vec<(Alias, Arc<dyn Executor>)>,
    pub tasks: TaskRegistry,
    pub triggers: TriggerRegistry,
    pub bus: EventBus,
    pub app_data: AppData,
    pub ids: Ids,
}

impl Shared {
    pub(crate) fn new(parts: SharedParts) -> Arc<Self> {
        Arc::new(Self {
            settings: parts.settings,
            clock: parts.clock,
            bus: parts.bus,
            wake: Arc::default(),
            scheduler_state: StateCell::default(),
            app_data: parts.app_data,
            triggers: parts.triggers,
            node: Mutex::new(parts.ids.new_node_id()),
            ids: parts.ids,
            tasks: RwLock::new(parts.tasks),
            closures: Mutex::default(),
            executors: RwLock::new(parts.executors.into_iter().collect()),
            zone: RwLock::new(parts.zone),
            runtime: Mutex::default(),
        })
    }

    /// The task registered under this name.
    pub(crate) fn task(&self, name: &TaskName) -> Option<Arc<dyn DynTask>> {
        self.tasks.read().get(name)
    }

    /// Registers a task. Returns whether jobs that are stored already can use it.
    pub(crate) fn register(&self, task: TaskRegistration) -> Result<bool, TaskRegistryError> {
        self.tasks.write().register(task)
    }

    /// Unregisters the closure of a removed job. Other tasks stay registered.
    pub(crate) fn unregister_closure(&self, task: &TaskName) {
        if let Some(used) = self.closures.lock().get_mut(task) {
            used.is_orphaned = true;
            return;
        }
        self.tasks.write().forget_closure(task);
    }

    /// Keeps the task of a retry or dead letter in memory, or of its run in progress, registered, also if its job is removed.
    pub(crate) fn hold_closure(&self, task: &TaskName) {
        self.closures.lock().entry(task.clone()).or_default().retries += 1;
    }

    /// Called when a retry or dead letter was removed, and when its run has ended.
    pub(crate) fn release_closure(&self, task: &TaskName) {
        let mut closures = self.closures.lock();
        let Some(used) = closures.get_mut(task) else { return };
        used.retries = used.retries.saturating_sub(1);
        if used.retries > 0 {
            return;
        }
        let is_orphaned = used.is_orphaned;
        closures.remove(task);
        drop(closures);
        if is_orphaned {
            self.tasks.write().forget_closure(task);
        }
    }

    /// Filter for the tasks registered in this process.
    pub(crate) fn known_tasks(&self) -> TaskFilter {
        TaskFilter::Only(Arc::clone(self.tasks.read().names()))
    }

    pub(crate) fn executor(&self, alias: &Alias) -> Option<Arc<dyn Executor>> {
        self.executors.read().get(alias).cloned()
    }

    /// The error for an alias that no executor has.
    pub(crate) fn unknown_executor(&self, alias: &Alias) -> SchedulerError {
        let mut known: Vec<_> = self.executors.read().keys().cloned().collect();
        known.sort_unstable();
        SchedulerError::UnknownExecutor { alias: alias.clone(), job: None, known }
    }

    pub(crate) fn executors(&self) -> Vec<(Alias, Arc<dyn Executor>)> {
        self.executors.read().iter().map(|(a, e)| (a.clone(), Arc::clone(e))).collect()
    }

    /// Adds an executor after `start` has succeeded. Returns false if the alias is in use.
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

    /// The zone of triggers that don't specify one.
    pub(crate) fn zone(&self) -> Zone {
        self.zone.read().clone()
    }

    /// Looks up the scheduler's zone in the current zone database.
    pub(crate) fn refresh_zone(&self) {
        let own = Zone::named(self.zone.read().name());
        if let Ok(own) = own {
            *self.zone.write() = own;
        }
    }

    pub(crate) fn node(&self) -> NodeId {
        self.node.lock().clone()
    }

    /// Sets the node id for this start: the configured one, or a new one.
    pub(crate) fn assign_node_id(&self) {
        *self.node.lock() = self.settings.node_id.clone().unwrap_or_else(|| self.ids.new_node_id());
    }

    /// Runtime of the engine. `None` while it is stopped.
    pub(crate) fn runtime(&self) -> Option<Handle> {
        self.runtime.lock().clone()
    }

    pub(crate) fn set_runtime(&self, runtime: Option<Handle>) {
        *self.runtime.lock() = runtime;
    }
}
