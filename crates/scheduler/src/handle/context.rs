//! Access to the scheduler from a run.

use punctual_core::JobContext;

use super::asynchronous::AsyncScheduler;
use super::background::SchedulerHandle;
use super::reference::SchedulerRef;

/// Access to the scheduler that executes a run.
pub trait JobContextExt {
    /// Returns the scheduler, for async tasks. `None` if the run was not started by a scheduler, as in a unit test.
    fn scheduler(&self) -> Option<AsyncScheduler>;

    /// Returns the scheduler, for blocking tasks. `None` if the run was not started by a scheduler.
    fn sync_scheduler(&self) -> Option<SchedulerHandle>;
}

impl JobContextExt for JobContext {
    fn scheduler(&self) -> Option<AsyncScheduler> {
        let engine = self.app_data::<SchedulerRef>()?.0.upgrade()?;
        Some(AsyncScheduler::from_engine(engine))
    }

    fn sync_scheduler(&self) -> Option<SchedulerHandle> {
        let engine = self.app_data::<SchedulerRef>()?.0.upgrade()?;
        Some(SchedulerHandle::from_engine(engine))
    }
}
