//! The scheduler for async programs.

use std::any::Any;
use std::io::Write;
use std::ops::DerefMut;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    Alias, CallerTransaction, CorruptEntry, Event, EventMask, Executor, IntoAction, IntoJobStore,
    IntoTrigger, JobId, RunEvent, RunId, Tasks, Timestamp, is_inside_run,
};
use tokio::runtime::Handle;

use super::build::BuiltEngine;
use super::builder::SchedulerBuilder;
use super::job_handle::AsyncJobHandle;
use super::methods::shared_methods;
use super::on_runtime::on_runtime;
use super::run_handle::AsyncRunHandle;
use super::thread::SchedulerThread;
use super::transaction::TransactionJobs;
use super::waiting::{starting_methods, waiting_method, waiting_methods};
use super::waiting_jobs::job_methods;
use crate::error::SchedulerError;
use crate::job::{Job, JobBuilder, JobChange, NewJob};
use crate::jobs::{
    BulkAction, BulkChange, CancelRequest, HistoryPage, HistoryQuery, JobExport, JobImport,
    JobQuery, JobSelector, OnConflict,
};
use crate::lifecycle::{Engine, Health};
use crate::shared::{EventStream, ListenerId, SchedulerState};
use crate::store::StoreAccess;

/// A scheduler with async methods, which runs on the caller's tokio runtime. It is cheap to clone; clones refer to the
/// same scheduler.
///
/// The runtime must have timers and I/O enabled (`enable_all`), as that of `#[tokio::main]` has.
///
/// The methods can be awaited on any other runtime, too, such as smol or `pollster`: `start` then creates a thread with a
/// tokio runtime, on which the scheduler runs until it is shut down.
///
/// ```
/// use punctual_scheduler::AsyncScheduler;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// pollster::block_on(async {
///     let scheduler = AsyncScheduler::builder().timezone("UTC").start().await?;
///     let job = scheduler.job(|| 42).paused().add().await?;
///     assert_eq!(job.run_now().await?.wait().await.value(), Some(&42.into()));
///     scheduler.shutdown().await?;
///     Ok(())
/// })
/// # }
/// ```
///
/// Dropping it does not stop the scheduler. Call [`shutdown`](Self::shutdown) to stop it.
#[derive(Clone, Debug)]
pub struct AsyncScheduler {
    pub(super) engine: Arc<Engine>,
}

impl From<BuiltEngine> for AsyncScheduler {
    fn from(built: BuiltEngine) -> Self {
        Self::from_engine(built.0)
    }
}

impl AsyncScheduler {
    /// Returns a builder for a scheduler.
    pub fn builder() -> SchedulerBuilder<Self> {
        SchedulerBuilder::default()
    }

    pub(crate) fn from_engine(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    starting_methods!(awaiting);

    async fn start_with(&self, paused: bool) -> Result<(), SchedulerError> {
        self.spawn_start(paused, true).await
    }

    /// Starts the scheduler without a driver: jobs run only when the caller calls [`tick`](Self::tick). For tests and
    /// custom event loops; see `ManualScheduler` in `punctual-testkit`.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn start_manual(&self) -> Result<(), SchedulerError> {
        self.spawn_start(false, false).await
    }

    /// Starts in a separate task, so that the start completes even if the caller's future is dropped.
    async fn spawn_start(&self, paused: bool, with_driver: bool) -> Result<(), SchedulerError> {
        let Ok(runtime) = Handle::try_current() else {
            return SchedulerThread::start_detached(&self.engine, paused, with_driver).await;
        };
        let engine = Arc::clone(&self.engine);
        let started = runtime.spawn(async move { engine.start(paused, with_driver).await });
        started.await.unwrap_or_else(|error| Err(SchedulerError::runtime_unavailable(error)))
    }

    /// Makes one pass over all stores at the instant `now`: processes completed runs and starts due ones.
    ///
    /// Returns the time at which the next tick is needed; a time not later than `now` means immediately. Returns
    /// `None` if nothing is scheduled. The driver calls this method; see [`start_manual`](Self::start_manual).
    pub async fn tick(&self, now: Timestamp) -> Option<Timestamp> {
        let engine = Arc::clone(&self.engine);
        let tick = on_runtime(&self.engine, async move { Ok(engine.tick(now).await) });
        // Fails only if the scheduler has been shut down.
        tick.await.unwrap_or_default()
    }

    /// Waits until a tick may be needed earlier than the last one returned, because a run has completed or a job has
    /// been added or changed. For custom event loops.
    pub async fn wait_for_wakeup(&self) {
        self.engine.shared.wake.woken().await;
    }

    /// Waits until the scheduler has shut down. Returns immediately if it is not running.
    pub async fn stopped(&self) {
        self.engine.stopped().await;
    }

    /// Returns the job methods that operate inside a database transaction of the caller, so that jobs and other data
    /// are committed or rolled back together. The transaction is a `sqlx::Transaction`, or a pooled connection on which
    /// a transaction has begun, on the database of a job store.
    ///
    /// With a blocking scheduler, call this method on the scheduler that `to_async` returns, from any tokio runtime.
    pub fn in_transaction<'t, T>(&self, transaction: &'t mut T) -> TransactionJobs<'t>
    where
        T: DerefMut,
        T::Target: Any + Send + Sized,
    {
        let transaction = CallerTransaction::on(&mut **transaction);
        TransactionJobs::new(Arc::clone(&self.engine), transaction)
    }

    waiting_methods!(awaiting);
    job_methods!(awaiting, AsyncJobHandle, AsyncRunHandle);

    async fn shutdown_with(&self, timeout: Option<Duration>) -> Result<(), SchedulerError> {
        let timeout = timeout.unwrap_or(self.engine.shared.settings.shutdown_timeout);
        let shutdown = Arc::clone(&self.engine).shutdown_or_spawn(timeout, is_inside_run());
        let Some(runtime) = self.runtime() else { return shutdown.await };
        // In a separate task, so that the shutdown completes even if the caller's future is dropped.
        let finished = runtime.spawn(shutdown);
        finished.await.unwrap_or_else(|error| Err(SchedulerError::runtime_unavailable(error)))
    }

    /// The current runtime, or else that of the engine.
    fn runtime(&self) -> Option<Handle> {
        Handle::try_current().ok().or_else(|| self.engine.shared.runtime())
    }

    async fn print_lines(&self, query: JobQuery, out: impl Write) -> Result<(), SchedulerError> {
        let engine = Arc::clone(&self.engine);
        let listing = async move { engine.jobs.listing(query).await };
        let jobs = on_runtime(&self.engine, listing).await?;
        jobs.write_lines(out).map_err(SchedulerError::Output)
    }

    async fn print_table(&self, query: JobQuery, out: impl Write) -> Result<(), SchedulerError> {
        let engine = Arc::clone(&self.engine);
        let listing = async move { engine.jobs.listing(query).await };
        let jobs = on_runtime(&self.engine, listing).await?;
        jobs.write_table(out).map_err(SchedulerError::Output)
    }

    async fn reload_zones(&self) -> Result<String, SchedulerError> {
        let engine = Arc::clone(&self.engine);
        let Some(runtime) = self.runtime() else { return Ok(engine.refresh_zones()?) };
        // Reloading reads files.
        let refreshed = runtime.spawn_blocking(move || engine.refresh_zones()).await;
        Ok(refreshed.map_err(SchedulerError::runtime_unavailable)??)
    }

    async fn flush(&self, timeout: Duration) {
        if self.engine.shared.bus.is_flushed() {
            return;
        }
        let engine = Arc::clone(&self.engine);
        let flush = move || engine.shared.bus.flush(timeout);
        match self.runtime() {
            // Fails only if the runtime shuts down.
            Some(runtime) => runtime.spawn_blocking(flush).await.unwrap_or_default(),
            None => flush(),
        }
    }

    shared_methods!();
}
