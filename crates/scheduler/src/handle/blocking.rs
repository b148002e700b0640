//! The scheduler that blocks the thread that starts it.

use super::mode::Blocking;
use super::synchronous::SyncScheduler;
use super::thread::SchedulerThread;
use crate::error::SchedulerError;

/// A scheduler for programs that do nothing else: `start` blocks until the scheduler has been shut down.
pub type BlockingScheduler = SyncScheduler<Blocking>;

impl SyncScheduler<Blocking> {
    /// Opens the stores and executors, adds the pending jobs, and runs jobs until `shutdown` is called (from a job, a
    /// listener or another thread) or Ctrl-C is pressed. It can be called again afterwards.
    ///
    /// # Errors
    ///
    /// - [`AlreadyRunning`](SchedulerError::AlreadyRunning).
    /// - [`Store`](SchedulerError::Store) or [`Executor`](SchedulerError::Executor) if a store or executor can't be
    ///   started.
    /// - The error for the first pending job that can't be added.
    ///
    /// In the last two cases the scheduler is stopped again, and the pending jobs are kept for the next start.
    pub fn start(&self) -> Result<(), SchedulerError> {
        // The thread is not stored in the scheduler, because this call joins it, so `shutdown` must not.
        SchedulerThread::start(&self.engine, false, true)?.join();
        self.engine.shared.bus.flush(crate::shared::SHUTDOWN_TIMEOUT);
        Ok(())
    }
}
