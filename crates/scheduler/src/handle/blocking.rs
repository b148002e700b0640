//! The scheduler that is the program.

use super::mode::Blocking;
use super::synchronous::SyncScheduler;
use super::thread::SchedulerThread;
use crate::error::SchedulerError;

/// A scheduler that is all the program does: `start` returns when it has been shut down.
pub type BlockingScheduler = SyncScheduler<Blocking>;

impl SyncScheduler<Blocking> {
    /// Opens stores and executors, adds the jobs that waited for it, and runs jobs until somebody calls
    /// `shutdown`, from a job, a listener or another thread, or presses Ctrl-C. Works again afterwards.
    ///
    /// # Errors
    ///
    /// [`AlreadyRunning`](SchedulerError::AlreadyRunning); what a store or executor says; the first
    /// waiting job that can't be added. Then nothing is left started, and the jobs wait on.
    pub fn start(&self) -> Result<(), SchedulerError> {
        // The thread is not kept: whoever shuts down need not wait for it, this does.
        SchedulerThread::start(&self.engine, false, true)?.join();
        self.engine.shared.bus.flush(crate::shared::SHUTDOWN_TIMEOUT);
        Ok(())
    }
}
