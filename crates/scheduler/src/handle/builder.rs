//! The builder for schedulers, with its options.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    Alias, AppData, Clock, Codec, DynJobStore, Event, EventMask, Executor, IntoJobStore, IntoZone,
    JobOptions, NameError, NodeId, SystemClock, Task, TaskFn, TaskRegistration, Tasks, Trigger,
    TriggerError, TriggerRegistry, TriggerSpec, Zone, ZoneError,
};

use crate::job::NewJob;
use crate::shared::{EventBus, FailureLog, HistoryOptions, ListenerId};

/// Configures and builds a scheduler. All options are checked by `build` or `start`.
///
/// Defaults: the system time zone (UTC if it is unknown), the system clock, JSON, no misfire grace time, coalescing to
/// the latest fire time, one instance per job. If no job store is added under the alias `default`, a new memory store
/// is used (feature `store-memory`). If no executor is added under this alias, a tokio executor is used (feature
/// `executor-tokio`), otherwise a pool of 10 threads (`executor-threads`).
#[must_use = "a builder does nothing until it is built"]
pub struct SchedulerBuilder<S> {
    pub(super) stores: Vec<(Result<Alias, NameError>, Arc<dyn DynJobStore>)>,
    pub(super) executors: Vec<(Result<Alias, NameError>, Arc<dyn Executor>)>,
    pub(super) default_executor: Option<Arc<dyn Executor>>,
    pub(super) zone: Option<Result<Zone, ZoneError>>,
    pub(super) job_defaults: JobOptions,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) codec: Codec,
    pub(super) tasks: Vec<Result<TaskRegistration, NameError>>,
    pub(super) jobs: Vec<NewJob>,
    pub(super) triggers: TriggerRegistry,
    pub(super) bus: EventBus,
    pub(super) app_data: AppData,
    pub(super) node_id: Option<Result<NodeId, NameError>>,
    pub(super) max_retry_delay: Duration,
    pub(super) lease: Duration,
    pub(super) poll_interval: Duration,
    pub(super) max_concurrent_runs: usize,
    pub(super) cancel_grace: Duration,
    pub(super) shutdown_timeout: Duration,
    pub(super) batch: usize,
    pub(super) history: Option<HistoryOptions>,
    pub(super) store_histories: Vec<(Result<Alias, NameError>, HistoryOptions)>,
    pub(super) client_only: bool,
    pub(super) seed: Option<u64>,
    scheduler: PhantomData<fn() -> S>,
}

impl<S> Default for SchedulerBuilder<S> {
    fn default() -> Self {
        let mut triggers = TriggerRegistry::new();
        punctual_triggers::register_builtin_triggers(&mut triggers);
        Self {
            stores: Vec::new(),
            executors: Vec::new(),
            default_executor: None,
            zone: None,
            job_defaults: JobOptions::default(),
            clock: Arc::new(SystemClock),
            codec: Codec::default(),
            tasks: Vec::new(),
            jobs: Vec::new(),
            triggers,
            bus: EventBus::default(),
            app_data: AppData::default(),
            node_id: None,
            max_retry_delay: Duration::from_secs(10),
            lease: Duration::from_secs(10),
            poll_interval: Duration::from_secs(1),
            max_concurrent_runs: 10_000,
            cancel_grace: Duration::from_secs(10),
            shutdown_timeout: Duration::from_secs(30),
            batch: 1_000,
            history: None,
            store_histories: Vec::new(),
            client_only: false,
            seed: None,
            scheduler: PhantomData,
        }
    }
}

impl<S> SchedulerBuilder<S> {
    /// Adds a job store under an alias. Jobs are looked up in the stores in the order in which the stores were added.
    ///
    /// The type of the store can be chosen at run time:
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

    /// Replaces the executor that is used if none is added under the alias `default`.
    pub fn default_executor(mut self, executor: impl Executor) -> Self {
        self.default_executor = Some(Arc::new(executor));
        self
    }

    /// Sets the time zone of triggers that specify none, by name or as a value. Default: the system time zone.
    pub fn timezone(mut self, zone: impl IntoZone) -> Self {
        self.zone = Some(zone.into_zone());
        self
    }

    /// Sets the defaults for job options that a job does not set.
    pub fn job_defaults(mut self, defaults: JobOptions) -> Self {
        self.job_defaults = defaults;
        self
    }

    /// Registers a task, so that this process can run its stored jobs, including those added before a restart or by
    /// other processes.
    pub fn task<F, M>(mut self, task: F) -> Self
    where
        F: TaskFn<M>,
    {
        self.tasks.push(task.registration());
        self
    }

    /// Registers a task by its type; see [`task`](Self::task).
    pub fn task_type<T: Task>(mut self) -> Self {
        self.tasks.push(TaskRegistration::of::<T>());
        self
    }

    /// Registers several tasks; see [`task`](Self::task).
    pub fn tasks(mut self, tasks: &Tasks) -> Self {
        self.tasks.extend(tasks.registrations());
        self
    }

    /// Returns the tasks that have been registered so far, without those whose names are invalid.
    pub fn registered_tasks(&self) -> impl Iterator<Item = &TaskRegistration> {
        self.tasks.iter().filter_map(|task| task.as_ref().ok())
    }

    /// Adds jobs, built with [`NewJob::builder`]. They are pending until the start, like those that are added to the
    /// scheduler after `build`.
    ///
    /// ```
    /// use punctual_scheduler::{BackgroundScheduler, NewJob};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let scheduler = BackgroundScheduler::builder()
    ///     .timezone("UTC")
    ///     .jobs([NewJob::builder(|| {}).id("hourly").trigger("@hourly").build()])
    ///     .build()?;
    /// assert!(scheduler.get_job("hourly")?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn jobs(mut self, jobs: impl IntoIterator<Item = NewJob>) -> Self {
        self.jobs.extend(jobs);
        self
    }

    /// Registers a custom trigger type under the `kind` of its stored form. `restore` creates the trigger from that
    /// form.
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

    /// Adds a value that runs can access by its type with `JobContext::app_data`, such as a connection pool.
    pub fn app_data<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.app_data = self.app_data.with(value);
        self
    }

    /// Calls `listener` for every event in the mask, on a thread that is used for listeners only.
    pub fn listener(
        self,
        mask: EventMask,
        listener: impl Fn(&Event) + Send + Sync + 'static,
    ) -> Self {
        let _: ListenerId = self.bus.add_listener(mask, Arc::new(listener));
        self
    }

    /// Sets which failures are logged, whether or not there are listeners. Default: [`FailureLog::Full`].
    ///
    /// They are logged by `tracing`. If the program installs no subscriber, they are written to standard error.
    pub fn failure_log(mut self, failures: FailureLog) -> Self {
        self.bus.failure_log = failures;
        self
    }

    /// Sets the clock. Default: the system clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the codec in which job definitions and arguments are written. Default: JSON. Data written by any codec of
    /// this build can be read.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// Sets a fixed node id for this process. Default: a random id at each start.
    ///
    /// With a fixed id, a restarted process recovers its interrupted runs immediately, instead of after the lease has
    /// expired. **No two processes may use the same id at the same time**: each would take over the other's runs.
    pub fn node_id(mut self, name: impl AsRef<str>) -> Self {
        self.node_id = Some(NodeId::new(name));
        self
    }

    /// Sets the maximum delay before a failed store is retried, which is also the delay before a job that this process
    /// can't run is checked again. Default: 10 seconds; from 1 millisecond to 1 day.
    ///
    /// The first delay is 50 ms, and each further one is twice as long. For a persistent store, the maximum is a third
    /// of the [`lease`](Self::lease), if that is shorter. Up to a quarter is added to each delay at random.
    pub fn max_retry_delay(mut self, interval: Duration) -> Self {
        self.max_retry_delay = interval;
        self
    }

    /// Sets the duration of the node's lease. Default: 10 seconds; from 1 to 11 seconds.
    ///
    /// Other processes take over this process's runs after its lease has expired. The lease is renewed every third of
    /// its duration. Expired leases of other nodes are detected at the same interval, so that their runs are taken over
    /// within 15 seconds.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Sets the interval at which a shared store without notifications is polled for changes. Default: 1 second; from
    /// 1 millisecond to 1 day.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// Sets the maximum number of runs that are running or queued in the executors of this process. Default: 10,000.
    /// Further due jobs are not claimed, so that other processes can run them.
    pub fn max_concurrent_runs(mut self, max: usize) -> Self {
        self.max_concurrent_runs = max;
        self
    }

    /// Sets how long a run may take to end after its cancellation was requested by a user, by its
    /// [timeout](JobOptions::timeout) or by a later fire time. Default: 10 seconds; at most 1 day. The future of an async
    /// task that has not ended by then is dropped. A function that occupies a thread continues until it returns, and a child
    /// process is killed after the grace time of its executor.
    ///
    /// It should be longer than the grace time of commands, which terminate their programs themselves.
    pub fn cancel_grace(mut self, grace: Duration) -> Self {
        self.cancel_grace = grace;
        self
    }

    /// Sets how long a shutdown waits for the runs in progress: `shutdown`, and that of a
    /// [`BlockingScheduler`](crate::BlockingScheduler) after a signal. Default: 30 seconds; at most 1 day. Runs that it
    /// cancels afterwards have half a second to return, unless it is zero.
    ///
    /// It should be shorter than the time after which a service manager kills the process: 90 seconds in systemd, 30
    /// seconds in Kubernetes, 10 seconds in Docker.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// Sets whether completed runs are recorded in a history, and how long entries are kept. Default: enabled for
    /// stores that are shared between processes (see [`HistoryOptions::enabled`]), disabled for others.
    ///
    /// An entry is written about a second after the run has completed, with any outcome. A run that is interrupted by
    /// the end of its process has no entry, unless it is run again. Entries are part of batches that are committed
    /// anyway, so a busy scheduler makes no additional round trips.
    pub fn history(mut self, options: HistoryOptions) -> Self {
        self.history = Some(options);
        self
    }

    /// Sets the history options of one store. They override those set with [`history`](Self::history).
    pub fn history_of(mut self, alias: impl AsRef<str>, options: HistoryOptions) -> Self {
        self.store_histories.push((Alias::new(alias), options));
        self
    }

    /// Makes the scheduler a client: it adds, changes and lists jobs, which are run by other processes. It claims no
    /// jobs, takes over no runs, renews no lease and starts no executor. Tasks of jobs added by other processes need
    /// not be registered. It is started like any other scheduler; until then, added jobs are pending in memory.
    ///
    /// A job that it adds is detected by other processes immediately if the store supports notifications, otherwise
    /// within their [`poll_interval`](Self::poll_interval). It emits events for its own operations only.
    pub fn client_only(mut self) -> Self {
        self.client_only = true;
        self
    }

    /// Seeds the generator of node and run ids, for reproducible simulations. **No two schedulers that share a store
    /// may use the same seed.** Other random values (jitter, retry delays) come from the thread-local generator of
    /// `fastrand`.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
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
