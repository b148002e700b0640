//! The scheduler for async programs.

use std::any::Any;
use std::ops::DerefMut;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    Alias, CallerTransaction, CorruptRecord, Event, EventMask, Executor, HistoryPage, HistoryQuery,
    IntoAction, IntoJobStore, IntoTrigger, Job, JobBuilder, JobChange, NewJob, RunEvent, RunId,
    Timestamp, is_inside_run,
};
use tokio::runtime::Handle;

use super::builder::{BuiltEngine, SchedulerBuilder};
use super::methods::shared_methods;
use super::transaction::TransactionJobs;
use super::waiting::{starting_methods, waiting_method, waiting_methods};
use crate::error::SchedulerError;
use crate::jobs::{JobQuery, JobSelector};
use crate::lifecycle::{Engine, Health};
use crate::shared::{EventStream, ListenerId, SHUTDOWN_TIMEOUT, SchedulerState};
use crate::store::StoreAccess;

/// A scheduler that lives on the caller's tokio runtime; its methods are async. Cheap to clone: clones
/// are the same scheduler.
///
/// Dropping it does not stop it; [`shutdown`](Self::shutdown) does.
#[derive(Clone, Debug)]
pub struct AsyncScheduler {
    pub(super) engine: Arc<Engine>,
}

impl From<BuiltEngine> for AsyncScheduler {
    fn from(built: BuiltEngine) -> Self {
        Self::of(built.0)
    }
}

impl AsyncScheduler {
    /// Describes a scheduler.
    pub fn builder() -> SchedulerBuilder<Self> {
        SchedulerBuilder::default()
    }

    pub(crate) fn of(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    starting_methods!(awaiting);

    async fn begin(&self, paused: bool) -> Result<(), SchedulerError> {
        self.spawn_start(paused, true).await
    }

    /// Starts without a driver: nothing happens until somebody calls [`tick`](Self::tick). For tests
    /// and for loops of one's own; see `ManualScheduler` in `punctual-testkit`.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn start_manual(&self) -> Result<(), SchedulerError> {
        self.spawn_start(false, false).await
    }

    /// Starts in a task of its own, so that a caller who loses patience leaves nothing half-started.
    async fn spawn_start(&self, paused: bool, with_driver: bool) -> Result<(), SchedulerError> {
        let engine = Arc::clone(&self.engine);
        let runtime = Handle::try_current()
            .map_err(|error| SchedulerError::Runtime(std::io::Error::other(error)))?;
        let started = runtime.spawn(async move { engine.start(paused, with_driver).await });
        started.await.unwrap_or_else(|error| Err(SchedulerError::Runtime(error.into())))
    }

    /// One pass at the instant `now`: deals with runs that have ended, and starts those that are due.
    /// Returns when the next pass is needed, `now` or earlier for "at once"; `None` when nothing is
    /// scheduled. Drivers call it.
    pub async fn tick(&self, now: Timestamp) -> Option<Timestamp> {
        self.engine.tick(now).await
    }

    /// Waits until a pass may be needed earlier than the last one answered: a run has ended, or a job
    /// has been added or changed. For loops of one's own.
    pub async fn woken(&self) {
        self.engine.shared.wake.woken().await;
    }

    /// Waits until the scheduler has shut down; at once when it does not run.
    pub async fn stopped(&self) {
        self.engine.stopped().await;
    }

    /// Jobs inside a transaction of one's own, on the database where a store keeps them: a
    /// `sqlx::Transaction`, or a connection from a pool on which one has begun. So jobs are added,
    /// changed and removed together with other data, or not at all.
    ///
    /// A scheduler with blocking methods gives one by its `to_async`; the runtime may be any.
    pub fn in_transaction<'t, T>(&self, transaction: &'t mut T) -> TransactionJobs<'t>
    where
        T: DerefMut,
        T::Target: Any + Send + Sized,
    {
        let transaction = CallerTransaction::on(&mut **transaction);
        TransactionJobs::new(Arc::clone(&self.engine), transaction)
    }

    waiting_methods!(awaiting);

    async fn shut_down(&self, timeout: Duration) -> Result<(), SchedulerError> {
        let shutdown = Arc::clone(&self.engine).shutdown_or_spawn(timeout, is_inside_run());
        // In a task of its own: it goes on when the caller does not wait for it any more.
        let ended = tokio::spawn(shutdown);
        ended.await.unwrap_or_else(|error| Err(SchedulerError::Runtime(error.into())))
    }

    async fn read_zones(&self) -> Result<String, SchedulerError> {
        let engine = Arc::clone(&self.engine);
        // It reads files.
        let refreshed = tokio::task::spawn_blocking(move || engine.refresh_zones()).await;
        Ok(refreshed.map_err(|error| SchedulerError::Runtime(error.into()))??)
    }

    async fn flush(&self, timeout: Duration) {
        if self.engine.shared.bus.is_flushed() {
            return;
        }
        let engine = Arc::clone(&self.engine);
        let flush = move || engine.shared.bus.flush(timeout);
        match Handle::try_current() {
            // It fails only when the runtime ends.
            Ok(runtime) => runtime.spawn_blocking(flush).await.unwrap_or_default(),
            Err(_) => flush(),
        }
    }

    shared_methods!();
}
