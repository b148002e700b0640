//! The `start` methods of the builder.

use super::asynchronous::AsyncScheduler;
use super::background::BackgroundScheduler;
use super::builder::SchedulerBuilder;
use crate::error::SchedulerError;

impl SchedulerBuilder<AsyncScheduler> {
    /// Builds the scheduler and starts it on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// The errors of `build` and of [`AsyncScheduler::start`].
    pub async fn start(self) -> Result<AsyncScheduler, SchedulerError> {
        let scheduler = self.build()?;
        scheduler.start().await?;
        Ok(scheduler)
    }
}

impl SchedulerBuilder<BackgroundScheduler> {
    /// Builds the scheduler and starts it.
    ///
    /// # Errors
    ///
    /// The errors of `build` and of the scheduler's `start`.
    pub fn start(self) -> Result<BackgroundScheduler, SchedulerError> {
        let scheduler = self.build()?;
        scheduler.start()?;
        Ok(scheduler)
    }
}
