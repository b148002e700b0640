//! Stores and executors that come and go while the scheduler runs.

use std::sync::Arc;

use punctual_core::{Alias, DynJobStore, Event, Executor};

use super::Engine;
use super::life::SchedulerState;
use super::slot::Slot;
use crate::{SHUTDOWN_TIMEOUT, SchedulerError};

impl Engine {
    pub(crate) async fn add_job_store(
        self: &Arc<Self>,
        alias: Alias,
        store: Arc<dyn DynJobStore>,
    ) -> Result<(), SchedulerError> {
        let taken = || SchedulerError::AliasTaken { kind: "a job store", alias: alias.clone() };
        if self.slot(&alias).is_ok() {
            return Err(taken());
        }
        let history = self.settings.history.of(&alias, store.caps());
        let slot = Slot::new(alias.clone(), store, Arc::clone(&self.clock), history);
        let state = self.scheduler_state();
        if matches!(state, SchedulerState::Running | SchedulerState::Paused) {
            self.open_slot(&slot).await?;
        }
        {
            let mut slots = self.slots.write();
            if slots.iter().any(|known| known.alias == alias) {
                return Err(taken());
            }
            *slots = slots.iter().cloned().chain([slot]).collect();
        }
        self.bus.emit(Event::JobStoreAdded(alias));
        self.wake.notify_one();
        Ok(())
    }

    /// Waits for the runs of a store that was removed, and closes it.
    async fn retire(&self, slot: &Arc<Slot>) {
        let ended = async {
            loop {
                let ended = self.ended.notified();
                if self.active.lock().is_idle(slot) {
                    break;
                }
                ended.await;
            }
        };
        // Those that take longer are left to their leases.
        let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, ended).await;
        drop(slot.pass.lock().await);
        self.close_slot(slot, true).await;
    }

    pub(crate) async fn remove_job_store(
        self: &Arc<Self>,
        alias: &Alias,
        from_run: bool,
    ) -> Result<(), SchedulerError> {
        let slot = {
            let mut slots = self.slots.write();
            let (gone, kept): (Vec<_>, Vec<_>) =
                slots.iter().cloned().partition(|known| known.alias == *alias);
            *slots = kept.into();
            gone.into_iter().next()
        };
        let slot = slot.ok_or_else(|| SchedulerError::UnknownJobStore(alias.clone()))?;
        slot.stop_watching();
        match self.runtime() {
            // The run that asks may be one of this store's: nobody waits for himself.
            Some(runtime) if from_run => {
                let engine = Arc::clone(self);
                runtime.spawn(async move { engine.retire(&slot).await });
            }
            Some(_) => self.retire(&slot).await,
            // It has not been started.
            None => {}
        }
        self.bus.emit(Event::JobStoreRemoved(alias.clone()));
        Ok(())
    }

    pub(crate) fn add_executor(
        &self,
        alias: Alias,
        executor: Arc<dyn Executor>,
    ) -> Result<(), SchedulerError> {
        let taken = || SchedulerError::AliasTaken { kind: "an executor", alias: alias.clone() };
        let mut executors = self.executors.write();
        if executors.contains_key(&alias) {
            return Err(taken());
        }
        let state = self.scheduler_state();
        if matches!(state, SchedulerState::Running | SchedulerState::Paused) {
            executor
                .start()
                .map_err(|source| SchedulerError::Executor { executor: alias.clone(), source })?;
        }
        executors.insert(alias.clone(), executor);
        drop(executors);
        self.bus.emit(Event::ExecutorAdded(alias));
        self.wake.notify_one();
        Ok(())
    }

    pub(crate) async fn remove_executor(
        &self,
        alias: &Alias,
        wait: std::time::Duration,
        from_run: bool,
    ) -> Result<(), SchedulerError> {
        let removed = self.executors.write().remove(alias);
        let executor = removed.ok_or_else(|| SchedulerError::UnknownExecutor(alias.clone()))?;
        match self.runtime() {
            // The run that asks may be one of this executor's: nobody waits for himself.
            Some(runtime) if from_run => {
                runtime.spawn(async move { executor.shutdown(wait).await });
            }
            _ => executor.shutdown(wait).await,
        }
        self.bus.emit(Event::ExecutorRemoved(alias.clone()));
        Ok(())
    }
}
