//! Starting, pausing and resuming.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{Event, StoreError, StoreErrorKind, log_warning};
use tokio::runtime::Handle;

use super::alarm::Alarm;
use super::{Engine, driver};
use crate::error::SchedulerError;
use crate::shared::{SchedulerState, metrics};

impl Engine {
    /// Opens executors and stores, adds the pending jobs, and spawns the driver if `with_driver` is set.
    pub(crate) async fn start(
        self: &Arc<Self>,
        paused: bool,
        with_driver: bool,
    ) -> Result<(), SchedulerError> {
        let _one_at_a_time = self.lifecycle_lock.lock().await;
        // First: it panics in a runtime without I/O.
        let alarm = with_driver.then(|| Alarm::new(self.shared.clock.is_real_time()));
        let stopped = |state| state == SchedulerState::Stopped;
        if !self.shared.scheduler_state.transition_if(stopped, SchedulerState::Starting) {
            return Err(SchedulerError::AlreadyRunning);
        }
        self.cancel_start.send_replace(false);
        self.shared.set_runtime(Some(Handle::current()));
        if let Err(error) = self.open(paused).await {
            self.close(Duration::ZERO).await;
            return Err(error);
        }
        self.lifecycle_epoch.send_modify(|epoch| *epoch += 1);
        self.shared.bus.emit(Event::SchedulerStarted);
        tracing::info!(target: "punctual::scheduler", "scheduler started");
        if let Some(alarm) = alarm {
            let driver = tokio::spawn(driver::run(Arc::clone(self), alarm));
            *self.driver.lock() = Some(driver.abort_handle());
        }
        self.shared.wake.wake();
        Ok(())
    }

    /// Reports options of a history that nobody keeps.
    fn warn_of_missing_histories(&self) {
        let settings = &self.shared.settings.history;
        for store in self.stores.all().iter() {
            if settings.is_requested(&store.alias) && !store.caps.history {
                let alias = &store.alias;
                log_warning(&format_args!(
                    "no history is kept in the job store {alias:?}: it does not support it"
                ));
            }
        }
        for alias in settings.per_store.keys().filter(|alias| self.stores.get(alias).is_err()) {
            log_warning(&format_args!(
                "history_of: there is no job store with the alias {alias:?}"
            ));
        }
    }

    async fn open(self: &Arc<Self>, paused: bool) -> Result<(), SchedulerError> {
        self.warn_of_missing_histories();
        metrics::describe();
        self.reset_next_tick();
        self.shared.assign_node_id();
        let executors = self.shared.executors();
        for (alias, executor) in executors.into_iter().filter(|_| !self.shared.settings.client_only)
        {
            executor
                .start()
                .map_err(|source| SchedulerError::Executor { executor: alias.clone(), source })?;
            self.shared.bus.emit(Event::ExecutorAdded(alias));
        }
        for store in self.stores.all().iter() {
            tokio::select! {
                biased;
                opened = self.passes.open(store) => opened.map_err(|error| store.error(error))?,
                () = self.start_cancelled() => return Err(store.error(StoreError::new(
                    StoreErrorKind::Unavailable,
                    "the scheduler was shut down before the store had started",
                ))),
            }
            self.shared.bus.emit(Event::JobStoreAdded(store.alias.clone()));
        }
        self.jobs.store_pending().await?;
        let running = if paused { SchedulerState::Paused } else { SchedulerState::Running };
        self.shared.scheduler_state.set(running);
        Ok(())
    }

    /// Waits until a shutdown cancels the start.
    async fn start_cancelled(&self) {
        // Fails only if the sender is dropped, which the engine owns.
        let _ = self.cancel_start.subscribe().wait_for(|&cancelled| cancelled).await;
    }

    pub(crate) fn pause(&self) -> Result<(), SchedulerError> {
        self.set_paused_state(
            SchedulerState::Running,
            SchedulerState::Paused,
            Event::SchedulerPaused,
        )
    }

    pub(crate) fn resume(&self) -> Result<(), SchedulerError> {
        self.set_paused_state(
            SchedulerState::Paused,
            SchedulerState::Running,
            Event::SchedulerResumed,
        )
    }

    fn set_paused_state(
        &self,
        from: SchedulerState,
        to: SchedulerState,
        event: Event,
    ) -> Result<(), SchedulerError> {
        if self.shared.scheduler_state.transition_if(|state| state == from, to) {
            self.shared.bus.emit(event);
            self.shared.wake.wake();
        } else if self.shared.scheduler_state.get() != to {
            return Err(SchedulerError::NotRunning);
        }
        Ok(())
    }
}
