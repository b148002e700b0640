//! The scheduler that runs beside the program.

use super::mode::{Background, Handle};
use super::synchronous::SyncScheduler;
use super::thread::SchedulerThread;
use super::waiting::{starting_methods, waiting_method};
use crate::error::SchedulerError;

/// A scheduler on a thread of its own, beside the program; `start` returns at once.
pub type BackgroundScheduler = SyncScheduler<Background>;

/// A running scheduler as its jobs see it; from
/// [`JobContextExt::blocking_scheduler`](crate::JobContextExt::blocking_scheduler).
pub type SchedulerHandle = SyncScheduler<Handle>;

impl SyncScheduler<Background> {
    starting_methods!(blocking);

    fn begin(&self, paused: bool) -> Result<(), SchedulerError> {
        let thread = SchedulerThread::start(&self.engine, paused, false)?;
        if let Some(old) = self.thread.lock().replace(thread) {
            old.join();
        }
        Ok(())
    }
}
