//! The scheduler that runs on a background thread.

use super::mode::{Background, Handle};
use super::synchronous::SyncScheduler;
use super::thread::SchedulerThread;
use super::waiting::{starting_methods, waiting_method};
use crate::error::SchedulerError;

/// A scheduler on a background thread. `start` returns once the scheduler is running.
pub type BackgroundScheduler = SyncScheduler<Background>;

/// A handle to the scheduler that executes a run, for blocking tasks; returned by
/// [`JobContextExt::sync_scheduler`](crate::JobContextExt::sync_scheduler).
pub type SchedulerHandle = SyncScheduler<Handle>;

impl SyncScheduler<Background> {
    starting_methods!(blocking);

    fn start_with(&self, paused: bool) -> Result<(), SchedulerError> {
        let thread = SchedulerThread::start(&self.engine, paused, false)?;
        if let Some(old) = self.thread.lock().replace(thread) {
            old.join();
        }
        Ok(())
    }
}
