//! The scheduler that blocks the thread that starts it.

use super::mode::Blocking;
use super::synchronous::SyncScheduler;
use super::thread::SchedulerThread;
use crate::error::SchedulerError;

/// A scheduler for programs that do nothing else: `start` blocks until the scheduler has been shut down.
pub type BlockingScheduler = SyncScheduler<Blocking>;

impl SyncScheduler<Blocking> {
    /// Opens the stores and executors, adds the pending jobs, and runs jobs until `shutdown` is called (from a job, a
    /// listener or another thread), or the process receives SIGINT (Ctrl-C) or SIGTERM. It can be called again
    /// afterwards.
    ///
    /// After a signal, runs in progress may finish, as with `shutdown`, for 30 seconds or the
    /// [`shutdown_timeout`](crate::SchedulerBuilder::shutdown_timeout) of the builder. A second signal ends the process
    /// at once, with the exit status 130 (SIGINT) or 143 (SIGTERM), as does a signal while no scheduler is started.
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
        self.start_with(false)
    }

    /// Starts the scheduler in the paused state, and blocks like [`start`](Self::start): no runs are started until
    /// [`resume`](Self::resume) is called, from a listener or another thread.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_paused(&self) -> Result<(), SchedulerError> {
        self.start_with(true)
    }

    fn start_with(&self, paused: bool) -> Result<(), SchedulerError> {
        // The thread is not stored in the scheduler, because this call joins it, so `shutdown` must not.
        SchedulerThread::start(&self.engine, paused, true)?.join();
        self.engine.shared.bus.flush(crate::shared::FLUSH_TIMEOUT);
        Ok(())
    }
}
