//! The scheduler for programs without a runtime: everything that background and blocking schedulers
//! share.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{
    Alias, CorruptRecord, Event, EventMask, Executor, HistoryPage, HistoryQuery, IntoAction,
    IntoJobStore, IntoTrigger, Job, JobBuilder, JobChange, NewJob, RunEvent, RunId, is_inside_run,
};

use super::asynchronous::AsyncScheduler;
use super::bridge;
use super::builder::{BuiltEngine, SchedulerBuilder};
use super::methods::shared_methods;
use super::thread::SchedulerThread;
use super::waiting::{waiting_method, waiting_methods};
use crate::error::SchedulerError;
use crate::jobs::{JobQuery, JobSelector};
use crate::lifecycle::{Engine, Health};
use crate::shared::{EventStream, ListenerId, SHUTDOWN_TIMEOUT, SchedulerState};
use crate::store::StoreAccess;

/// A scheduler with blocking methods, on a thread of its own. Cheap to clone: clones are the same
/// scheduler.
///
/// [`BackgroundScheduler`](crate::BackgroundScheduler) and
/// [`BlockingScheduler`](crate::BlockingScheduler) are two modes of it, which start differently;
/// [`SchedulerHandle`](crate::SchedulerHandle) is what a job gets.
///
/// Its methods may be called from any thread, also by listeners and from within jobs. Dropping it does
/// not stop it; [`shutdown`](Self::shutdown) does, and so does the end of the program.
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
        Self::of(built.0)
    }
}

impl<Mode> SyncScheduler<Mode> {
    /// Describes a scheduler.
    pub fn builder() -> SchedulerBuilder<Self> {
        SchedulerBuilder::default()
    }

    pub(crate) fn of(engine: Arc<Engine>) -> Self {
        Self { engine, thread: Arc::default(), mode: PhantomData }
    }

    /// Runs a piece of the engine's work to its end, wherever the caller is.
    pub(super) fn block<T, F>(
        &self,
        work: impl FnOnce(Arc<Engine>) -> F,
    ) -> Result<T, SchedulerError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, SchedulerError>> + Send + 'static,
    {
        bridge::block_on(self.engine.shared.runtime(), work(Arc::clone(&self.engine)))
    }

    /// The same scheduler with async methods.
    #[must_use]
    pub fn to_async(&self) -> AsyncScheduler {
        AsyncScheduler::of(Arc::clone(&self.engine))
    }

    waiting_methods!(blocking);

    fn shut_down(&self, timeout: Duration) -> Result<(), SchedulerError> {
        // Asked here, not on the scheduler's thread.
        let from_run = is_inside_run();
        self.block(move |engine| engine.shutdown_or_spawn(timeout, from_run))?;
        if !from_run {
            if let Some(thread) = self.thread.lock().take() {
                thread.join();
            }
            self.engine.shared.bus.flush(SHUTDOWN_TIMEOUT);
        }
        Ok(())
    }

    fn read_zones(&self) -> Result<String, SchedulerError> {
        Ok(self.engine.refresh_zones()?)
    }

    fn flush(&self, timeout: Duration) {
        self.engine.shared.bus.flush(timeout);
    }

    shared_methods!();
}
