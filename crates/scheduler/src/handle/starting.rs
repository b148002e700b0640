//! From a builder to a scheduler that runs, in one call.

use super::asynchronous::AsyncScheduler;
use super::background::BackgroundScheduler;
use super::builder::SchedulerBuilder;
use crate::error::SchedulerError;

impl SchedulerBuilder<AsyncScheduler> {
    /// Makes and starts the scheduler on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// As `build`, and as [`AsyncScheduler::start`].
    pub async fn start(self) -> Result<AsyncScheduler, SchedulerError> {
        let scheduler = self.build()?;
        scheduler.start().await?;
        Ok(scheduler)
    }
}

impl SchedulerBuilder<BackgroundScheduler> {
    /// Makes and starts the scheduler.
    ///
    /// # Errors
    ///
    /// As `build`, and as the scheduler's `start`.
    pub fn start(self) -> Result<BackgroundScheduler, SchedulerError> {
        let scheduler = self.build()?;
        scheduler.start()?;
        Ok(scheduler)
    }
}
