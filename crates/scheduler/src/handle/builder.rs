//! Putting a scheduler together.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    Alias, Clock, Codec, DynJobStore, Event, EventMask, Executor, IntoJobStore, IntoZone,
    JobDefaults, NameError, NodeId, SharedState, SystemClock, Task, TaskFn, TaskRegistration,
    TaskRegistry, Tasks, Trigger, TriggerError, TriggerRegistry, TriggerSpec, Zone, ZoneError,
};

use super::defaults;
use super::named::{add_default, named};
use crate::error::SchedulerError;
use crate::lifecycle::Engine;
use crate::shared::{
    EventBus, HistoryOptions, HistorySettings, Ids, ListenerId, Settings, SharedParts,
};

/// What a builder has put together, on its way into a scheduler.
#[doc(hidden)]
pub struct BuiltEngine(pub(crate) Arc<Engine>);

impl fmt::Debug for BuiltEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Describes a scheduler; everything is checked once, by `build` or `start`.
///
/// Defaults: the machine's own zone (else UTC), the system's clock, JSON, no misfire grace time,
/// coalescing to the latest run time, one instance per job. Without a store under the alias `default`
/// there is a new memory store (feature `store-memory`); without an executor there is one on tokio
/// (`executor-tokio`), or else a pool of 10 threads (`executor-threads`).
#[must_use = "a builder does nothing until it is built"]
pub struct SchedulerBuilder<S> {
    stores: Vec<(Result<Alias, NameError>, Arc<dyn DynJobStore>)>,
    executors: Vec<(Result<Alias, NameError>, Arc<dyn Executor>)>,
    default_executor: Option<Arc<dyn Executor>>,
    zone: Option<Result<Zone, ZoneError>>,
    job_defaults: JobDefaults,
    clock: Arc<dyn Clock>,
    codec: Codec,
    tasks: Vec<Result<TaskRegistration, NameError>>,
    triggers: TriggerRegistry,
    bus: EventBus,
    state: SharedState,
    identity: Option<Result<NodeId, NameError>>,
    retry_interval: Duration,
    lease: Duration,
    poll_interval: Duration,
    max_running: usize,
    batch: usize,
    history: Option<HistoryOptions>,
    histories: Vec<(Result<Alias, NameError>, HistoryOptions)>,
    client: bool,
    seed: Option<u64>,
    kind: PhantomData<fn() -> S>,
}

impl<S> Default for SchedulerBuilder<S> {
    fn default() -> Self {
        let mut triggers = TriggerRegistry::new();
        punctual_triggers::register_builtin(&mut triggers);
        Self {
            stores: Vec::new(),
            executors: Vec::new(),
            default_executor: None,
            zone: None,
            job_defaults: JobDefaults::default(),
            clock: Arc::new(SystemClock),
            codec: Codec::default(),
            tasks: Vec::new(),
            triggers,
            bus: EventBus::default(),
            state: SharedState::default(),
            identity: None,
            retry_interval: Duration::from_secs(10),
            lease: Duration::from_secs(10),
            poll_interval: Duration::from_secs(1),
            max_running: 10_000,
            batch: 1_000,
            history: None,
            histories: Vec::new(),
            client: false,
            seed: None,
            kind: PhantomData,
        }
    }
}

impl<S> SchedulerBuilder<S> {
    /// Adds a job store under an alias. The first store given is asked first when a job is looked up.
    ///
    /// Of which kind it is can be decided at run time:
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use punctual_core::DynJobStore;
    /// use punctual_scheduler::{AsyncScheduler, SchedulerBuilder};
    /// use punctual_store_memory::MemoryJobStore;
    /// use punctual_store_sql::SqliteJobStore;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let file = Some(folder.path().join("jobs.sqlite"));
    /// let store: Arc<dyn DynJobStore> = match file {
    ///     Some(file) => Arc::new(SqliteJobStore::open(file)?),
    ///     None => Arc::new(MemoryJobStore::new()),
    /// };
    /// let scheduler = AsyncScheduler::builder().job_store("default", store).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn job_store(mut self, alias: impl AsRef<str>, store: impl IntoJobStore) -> Self {
        self.stores.push((Alias::new(alias), store.into_job_store()));
        self
    }

    /// Adds an executor under an alias.
    pub fn executor(mut self, alias: impl AsRef<str>, executor: impl Executor) -> Self {
        self.executors.push((Alias::new(alias), Arc::new(executor)));
        self
    }

    /// Runs jobs with `executor` unless one is added under the alias `default`, instead of with what the
    /// features give.
    pub fn default_executor(mut self, executor: impl Executor) -> Self {
        self.default_executor = Some(Arc::new(executor));
        self
    }

    /// The zone of triggers that name none, by name or as a value; the machine's own without one.
    pub fn timezone(mut self, zone: impl IntoZone) -> Self {
        self.zone = Some(zone.into_zone());
        self
    }

    /// The options of jobs that don't choose their own.
    pub fn job_defaults(mut self, defaults: JobDefaults) -> Self {
        self.job_defaults = defaults;
        self
    }

    /// Makes a task known, so that stored jobs can run it: after a restart, or from other processes.
    pub fn task<F, M>(mut self, task: F) -> Self
    where
        F: TaskFn<M>,
    {
        self.tasks.push(task.registration());
        self
    }

    /// Makes a task known by its type; see [`task`](Self::task).
    pub fn task_type<T: Task>(mut self) -> Self {
        self.tasks.push(TaskRegistration::of::<T>());
        self
    }

    /// Makes several tasks known; see [`task`](Self::task).
    pub fn tasks(mut self, tasks: &Tasks) -> Self {
        self.tasks.extend(tasks.registrations());
        self
    }

    /// Makes a trigger of one's own known under the kind that its stored form names.
    pub fn trigger_kind<F>(mut self, kind: impl Into<String>, restore: F) -> Self
    where
        F: Fn(&TriggerSpec, &TriggerRegistry) -> Result<Arc<dyn Trigger>, TriggerError>
            + Send
            + Sync
            + 'static,
    {
        self.triggers.register(kind, restore);
        self
    }

    /// A value that runs can reach by its type, with `JobContext::state`.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.state = self.state.with(value);
        self
    }

    /// Calls `listener` for every event in the mask, on a thread of the listeners' own.
    pub fn listener(
        self,
        mask: EventMask,
        listener: impl Fn(&Event) + Send + Sync + 'static,
    ) -> Self {
        let _: ListenerId = self.bus.add_listener(mask, Arc::new(listener));
        self
    }

    /// Where the time comes from; the system's clock without one.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How definitions and arguments are written; JSON without one. Both are always read.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// A name for this process among those that share a store. With one, a restarted process takes
    /// over at once what it left undone, instead of after the lease. **No two processes may have the
    /// same name at the same time**: they would take each other's runs away.
    pub fn identity(mut self, name: impl AsRef<str>) -> Self {
        self.identity = Some(NodeId::new(name));
        self
    }

    /// The longest wait before a store that failed is tried again, and after which a job that can't be
    /// run here is looked at again; 10 seconds without one. The first wait is 50 ms; each doubles. A store
    /// that outlives the process is tried again after a third of the [`lease`](Self::lease) at the latest.
    pub fn retry_interval(mut self, interval: Duration) -> Self {
        self.retry_interval = interval;
        self
    }

    /// How long this process may be silent before others take over its runs; 10 seconds without one,
    /// at least 1 and at most 11. It is renewed three times in that time, and looked for at the same pace,
    /// so that a dead process's runs are taken over within 15 seconds.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How often a shared store without notifications is asked for changes; 1 second without one.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// How many runs this process may have under way or queued in its executors at the same time;
    /// 10,000 without one. What is due beyond that stays in the stores, for other processes too.
    pub fn max_running(mut self, max: usize) -> Self {
        self.max_running = max;
        self
    }

    /// Whether the runs that have ended are written down, and for how long: read with `history`. Without
    /// this, stores that processes share keep a [history](HistoryOptions::on), others none.
    ///
    /// A run has an entry when it has ended, however it ended, within a second or so; one that a killed
    /// process leaves behind has none, unless it is run again. Entries go with the commits that a scheduler
    /// makes anyway, and so cost it no further round trip while it is busy.
    pub fn history(mut self, options: HistoryOptions) -> Self {
        self.history = Some(options);
        self
    }

    /// The same for one store, whatever holds for all.
    pub fn history_of(mut self, alias: impl AsRef<str>, options: HistoryOptions) -> Self {
        self.histories.push((Alias::new(alias), options));
        self
    }

    /// Makes a client of the scheduler: it adds, changes and lists jobs, for other processes to run. It
    /// claims none, takes over no runs, renews no lease and starts no executor; it need not know the
    /// tasks of jobs that others added. Start it as any other: until then, jobs wait in memory.
    ///
    /// A job that it adds runs on time where there are notifications, else within the others'
    /// [`poll_interval`](Self::poll_interval). Its events tell only of what it does itself.
    pub fn client_only(mut self) -> Self {
        self.client = true;
        self
    }

    /// Makes the random names of this scheduler and of its runs from a number, so that the same happens again: for
    /// simulations. **No two schedulers that share a store may have the same one.** What else is random, jitter
    /// and the waits after failures, comes from the generator of `fastrand` that belongs to the thread.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    fn engine(self) -> Result<Arc<Engine>, SchedulerError> {
        check_range("lease", self.lease, Duration::from_secs(1), Duration::from_secs(11))?;
        let day = Duration::from_secs(86_400);
        check_range("retry_interval", self.retry_interval, Duration::from_millis(1), day)?;
        check_range("poll_interval", self.poll_interval, Duration::from_millis(1), day)?;
        if self.max_running == 0 {
            return Err(SchedulerError::Option {
                field: "max_running",
                value: "0".into(),
                reason: "it must be at least 1",
            });
        }
        if self.client && self.stores.is_empty() {
            return Err(SchedulerError::Option {
                field: "client_only",
                value: "true".into(),
                reason: "it needs a job store whose jobs others run",
            });
        }
        self.job_defaults.check()?;
        let mut tasks = TaskRegistry::new();
        for task in self.tasks {
            tasks.register(task?)?;
        }
        let mut stores = named("a job store", self.stores)?;
        let mut executors = named("an executor", self.executors)?;
        let mut histories = HashMap::new();
        for (alias, options) in self.histories {
            histories.insert(alias?, options);
        }
        if !self.client {
            add_default(&mut stores, defaults::job_store);
            add_default(&mut executors, || self.default_executor.or_else(defaults::executor));
        }
        let zone = match self.zone {
            Some(zone) => zone?,
            None => Zone::local().unwrap_or_else(|error| {
                tracing::warn!(%error, "the machine's own time zone is not known; using UTC");
                Zone::utc()
            }),
        };
        let parts = SharedParts {
            settings: Settings {
                job_defaults: self.job_defaults,
                codec: self.codec,
                retry_interval: self.retry_interval,
                lease: self.lease,
                poll_interval: self.poll_interval,
                batch: self.batch,
                max_running: self.max_running,
                identity: self.identity.transpose()?,
                history: HistorySettings { all: self.history, of: histories },
                client: self.client,
                max_sleep: Duration::from_secs(1),
            },
            zone,
            clock: self.clock,
            executors,
            tasks,
            triggers: self.triggers,
            bus: self.bus,
            state: self.state,
            ids: Ids::new(self.seed),
        };
        Ok(Engine::new(parts, stores, |state, engine| {
            state.with(super::reference::SchedulerRef(engine.clone()))
        }))
    }
}

impl<S: From<BuiltEngine>> SchedulerBuilder<S> {
    /// Makes the scheduler, not yet started: jobs that are added wait for its start.
    ///
    /// # Errors
    ///
    /// For the first option that is not valid, a taken alias or task name, or an unknown zone.
    pub fn build(self) -> Result<S, SchedulerError> {
        Ok(BuiltEngine(self.engine()?).into())
    }
}

impl<S> fmt::Debug for SchedulerBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchedulerBuilder")
            .field("zone", &self.zone)
            .field("job_defaults", &self.job_defaults)
            .finish_non_exhaustive()
    }
}

fn check_range(
    field: &'static str,
    value: Duration,
    min: Duration,
    max: Duration,
) -> Result<(), SchedulerError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    let reason = match field {
        "lease" => "it must be from 1 to 11 seconds",
        _ => "it must be from 1 millisecond to 1 day",
    };
    Err(SchedulerError::Option { field, value: format!("{value:?}"), reason })
}
