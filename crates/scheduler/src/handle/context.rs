//! The scheduler, seen from inside a run.

use punctual_core::JobContext;

use super::asynchronous::AsyncScheduler;
use super::background::SchedulerHandle;
use super::reference::SchedulerRef;

/// Gives a run the scheduler that runs it.
pub trait JobContextExt {
    /// The scheduler, for async tasks. `None` when the run was not started by one, as in a unit test.
    fn scheduler(&self) -> Option<AsyncScheduler>;

    /// The scheduler, for blocking tasks. `None` when the run was not started by one.
    fn blocking_scheduler(&self) -> Option<SchedulerHandle>;
}

impl JobContextExt for JobContext {
    fn scheduler(&self) -> Option<AsyncScheduler> {
        let engine = self.state::<SchedulerRef>()?.0.upgrade()?;
        Some(AsyncScheduler::of(engine))
    }

    fn blocking_scheduler(&self) -> Option<SchedulerHandle> {
        let engine = self.state::<SchedulerRef>()?.0.upgrade()?;
        Some(SchedulerHandle::of(engine))
    }
}
