//! The scheduler for programs without an async runtime: the functions common to background and blocking schedulers.

use std::future::Future;
use std::io::Write;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{
    Alias, CorruptEntry, Event, EventMask, Executor, IntoAction, IntoJobStore, IntoTrigger, JobId,
    RunEvent, RunId, Tasks, is_inside_run,
};

use super::asynchronous::AsyncScheduler;
use super::block_on::block_on_engine;
use super::build::BuiltEngine;
use super::builder::SchedulerBuilder;
use super::job_handle::JobHandle;
use super::methods::shared_methods;
use super::run_handle::RunHandle;
use super::thread::SchedulerThread;
use super::waiting::{waiting_method, waiting_methods};
use super::waiting_jobs::job_methods;
use crate::error::SchedulerError;
use crate::job::{Job, JobBuilder, JobChange, NewJob};
use crate::jobs::{
    BulkAction, BulkChange, CancelRequest, HistoryPage, HistoryQuery, JobExport, JobImport,
    JobQuery, JobSelector, OnConflict,
};
use crate::lifecycle::{Engine, Health};
use crate::shared::{EventStream, FLUSH_TIMEOUT, ListenerId, SchedulerState};
use crate::store::StoreAccess;

/// A scheduler with blocking methods, which runs on its own thread. It is cheap to clone; clones refer to the same
/// scheduler.
///
/// [`BackgroundScheduler`](crate::BackgroundScheduler) and [`BlockingScheduler`](crate::BlockingScheduler) are two
/// modes of it, which differ in `start`. [`SchedulerHandle`](crate::SchedulerHandle) is the mode for use inside jobs.
///
/// The methods may be called from any thread, including from listeners and jobs. Dropping the value does not stop the
/// scheduler. It stops on [`shutdown`](Self::shutdown) or when the program exits.
pub struct SyncScheduler<Mode> {
    pub(crate) engine: Arc<Engine>,
    pub(crate) thread: Arc<Mutex<Option<SchedulerThread>>>,
    mode: PhantomData<fn() -> Mode>,
}

impl<Mode> Clone for SyncScheduler<Mode> {
    fn clone(&self) -> Self {
        Self {
            engine: Arc::clone(&self.engine),
            thread: Arc::clone(&self.thread),
            mode: PhantomData,
        }
    }
}

impl<Mode> std::fmt::Debug for SyncScheduler<Mode> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.engine.fmt(f)
    }
}

impl<Mode> From<BuiltEngine> for SyncScheduler<Mode> {
    fn from(built: BuiltEngine) -> Self {
        Self::from_engine(built.0)
    }
}

impl<Mode> SyncScheduler<Mode> {
    /// Returns a builder for a scheduler.
    pub fn builder() -> SchedulerBuilder<Self> {
        SchedulerBuilder::default()
    }

    pub(crate) fn from_engine(engine: Arc<Engine>) -> Self {
        Self { engine, thread: Arc::default(), mode: PhantomData }
    }

    /// Runs an operation of the engine to completion, from any thread.
    pub(super) fn block<T, F>(
        &self,
        work: impl FnOnce(Arc<Engine>) -> F,
    ) -> Result<T, SchedulerError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, SchedulerError>> + Send + 'static,
    {
        block_on_engine(&self.engine, work)
    }

    /// Returns the same scheduler with async methods.
    #[must_use]
    pub fn to_async(&self) -> AsyncScheduler {
        AsyncScheduler::from_engine(Arc::clone(&self.engine))
    }

    waiting_methods!(blocking);
    job_methods!(blocking, JobHandle, RunHandle);

    fn shutdown_with(&self, timeout: Option<Duration>) -> Result<(), SchedulerError> {
        let timeout = timeout.unwrap_or(self.engine.shared.settings.shutdown_timeout);
        // Must be determined on the calling thread, not on the scheduler's.
        let from_run = is_inside_run();
        self.block(move |engine| engine.shutdown_or_spawn(timeout, from_run))?;
        if !from_run {
            if let Some(thread) = self.thread.lock().take() {
                thread.join();
            }
            self.engine.shared.bus.flush(FLUSH_TIMEOUT);
        }
        Ok(())
    }

    fn print_lines(&self, query: JobQuery, out: impl Write) -> Result<(), SchedulerError> {
        let jobs = self.block(move |engine| async move { engine.jobs.listing(query).await })?;
        jobs.write_lines(out).map_err(SchedulerError::Output)
    }

    fn print_table(&self, query: JobQuery, out: impl Write) -> Result<(), SchedulerError> {
        let jobs = self.block(move |engine| async move { engine.jobs.listing(query).await })?;
        jobs.write_table(out).map_err(SchedulerError::Output)
    }

    fn reload_zones(&self) -> Result<String, SchedulerError> {
        Ok(self.engine.refresh_zones()?)
    }

    fn flush(&self, timeout: Duration) {
        self.engine.shared.bus.flush(timeout);
    }

    shared_methods!();
}
