//! Starting, pausing and resuming.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{Event, StoreError, StoreErrorKind};
use tokio::runtime::Handle;

use super::{Engine, driver};
use crate::error::SchedulerError;
use crate::shared::SchedulerState;

impl Engine {
    /// Opens everything, adds the pending jobs, and, unless somebody ticks by hand, spawns the driver.
    pub(crate) async fn start(
        self: &Arc<Self>,
        paused: bool,
        with_driver: bool,
    ) -> Result<(), SchedulerError> {
        let _one_at_a_time = self.changing.lock().await;
        let stopped = |state| state == SchedulerState::Stopped;
        if !self.shared.phase.leave(stopped, SchedulerState::Starting) {
            return Err(SchedulerError::AlreadyRunning);
        }
        self.give_up.send_replace(false);
        self.shared.set_runtime(Some(Handle::current()));
        if let Err(error) = self.open(paused).await {
            self.close(Duration::ZERO).await;
            return Err(error);
        }
        self.turns.send_modify(|turns| *turns += 1);
        self.shared.bus.emit(Event::SchedulerStarted);
        tracing::info!("scheduler started");
        if with_driver {
            let driver = tokio::spawn(driver::run(Arc::clone(self)));
            *self.driver.lock() = Some(driver.abort_handle());
        }
        self.shared.wake.wake();
        Ok(())
    }

    async fn open(self: &Arc<Self>, paused: bool) -> Result<(), SchedulerError> {
        self.shared.take_name();
        let executors = self.shared.executors();
        for (alias, executor) in executors.into_iter().filter(|_| !self.shared.settings.client) {
            executor
                .start()
                .map_err(|source| SchedulerError::Executor { executor: alias.clone(), source })?;
            self.shared.bus.emit(Event::ExecutorAdded(alias));
        }
        for slot in self.stores.all().iter() {
            tokio::select! {
                biased;
                opened = self.passes.open(slot) => opened.map_err(|error| slot.error(error))?,
                () = self.given_up() => return Err(slot.error(StoreError::new(
                    StoreErrorKind::Unavailable,
                    "it had not started when the scheduler was shut down",
                ))),
            }
            self.shared.bus.emit(Event::JobStoreAdded(slot.alias.clone()));
        }
        self.jobs.store_pending().await?;
        let running = if paused { SchedulerState::Paused } else { SchedulerState::Running };
        self.shared.phase.set(running);
        Ok(())
    }

    /// Waits until a shutdown has lost its patience with the start under way.
    async fn given_up(&self) {
        // Only fails when the engine is gone, which it is not.
        let _ = self.give_up.subscribe().wait_for(|&given_up| given_up).await;
    }

    pub(crate) fn pause(&self) -> Result<(), SchedulerError> {
        self.switch(SchedulerState::Running, SchedulerState::Paused, Event::SchedulerPaused)
    }

    pub(crate) fn resume(&self) -> Result<(), SchedulerError> {
        self.switch(SchedulerState::Paused, SchedulerState::Running, Event::SchedulerResumed)
    }

    fn switch(
        &self,
        from: SchedulerState,
        to: SchedulerState,
        event: Event,
    ) -> Result<(), SchedulerError> {
        if self.shared.phase.leave(|state| state == from, to) {
            self.shared.bus.emit(event);
            self.shared.wake.wake();
        } else if self.shared.phase.get() != to {
            return Err(SchedulerError::NotRunning);
        }
        Ok(())
    }
}
