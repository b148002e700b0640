//! The scheduler that runs beside the program.

use super::synchronous::SyncScheduler;
use super::thread::SchedulerThread;
use crate::error::SchedulerError;

/// The mode of [`BackgroundScheduler`].
#[derive(Clone, Copy, Debug)]
pub struct Background;

/// A scheduler on a thread of its own, beside the program; `start` returns at once.
pub type BackgroundScheduler = SyncScheduler<Background>;

/// The mode of [`SchedulerHandle`].
#[derive(Clone, Copy, Debug)]
pub struct Handle;

/// A running scheduler as its jobs see it; from
/// [`JobContextExt::blocking_scheduler`](crate::JobContextExt::blocking_scheduler).
pub type SchedulerHandle = SyncScheduler<Handle>;

impl SyncScheduler<Background> {
    /// Opens stores and executors, adds the jobs that waited for it, and begins to run jobs on a new
    /// thread. Works again after a shutdown.
    ///
    /// # Errors
    ///
    /// [`AlreadyRunning`](SchedulerError::AlreadyRunning); what a store or executor says; the first
    /// waiting job that can't be added. Then nothing is left started, and the jobs wait on.
    pub fn start(&self) -> Result<(), SchedulerError> {
        self.start_thread(false)
    }

    /// Starts, but runs no jobs until [`resume`](Self::resume).
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_paused(&self) -> Result<(), SchedulerError> {
        self.start_thread(true)
    }

    fn start_thread(&self, paused: bool) -> Result<(), SchedulerError> {
        let thread = SchedulerThread::start(&self.engine, paused, false)?;
        if let Some(old) = self.thread.lock().replace(thread) {
            old.join();
        }
        Ok(())
    }
}
