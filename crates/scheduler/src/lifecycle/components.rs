//! Stores and executors that come and go while the scheduler runs.

use std::sync::Arc;

use punctual_core::{Alias, DynJobStore, Event, Executor};
use tokio::runtime::Handle;

use super::Engine;
use crate::error::SchedulerError;
use crate::pass::{PassState, StorePasses};
use crate::shared::SHUTDOWN_TIMEOUT;
use crate::store::Slot;

impl Engine {
    pub(crate) async fn add_job_store(
        self: &Arc<Self>,
        alias: Alias,
        store: Arc<dyn DynJobStore>,
    ) -> Result<(), SchedulerError> {
        let taken = || SchedulerError::AliasTaken { kind: "a job store", alias: alias.clone() };
        if self.stores.get(&alias).is_ok() {
            return Err(taken());
        }
        let slot = Slot::new(&self.shared, alias.clone(), store);
        if self.shared.phase.is_up() {
            self.passes.open(&slot).await.map_err(|error| slot.error(error))?;
        } else {
            self.passes.add(&slot, PassState::default()).await;
        }
        if !self.stores.add(&slot) {
            // Somebody was quicker.
            let passes = self.passes.remove(&slot);
            self.retire(&slot, passes).await;
            return Err(taken());
        }
        self.shared.bus.emit(Event::JobStoreAdded(alias));
        self.shared.wake.wake();
        Ok(())
    }

    /// Waits for the runs of a store that was removed, and closes it.
    async fn retire(&self, slot: &Arc<Slot>, passes: Option<Arc<StorePasses>>) {
        // Those that take longer are left to their leases.
        let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, self.runs.idle(slot)).await;
        if let Some(passes) = passes {
            passes.finish().await;
        }
        self.passes.close(slot, true).await;
    }

    pub(crate) async fn remove_job_store(
        self: &Arc<Self>,
        alias: &Alias,
        from_run: bool,
    ) -> Result<(), SchedulerError> {
        let slot = self.stores.remove(alias);
        let slot = slot.ok_or_else(|| SchedulerError::UnknownJobStore(alias.clone()))?;
        let passes = self.passes.remove(&slot);
        slot.stop_watching();
        match self.shared.runtime() {
            // The run that asks may be one of this store's: nobody waits for himself.
            Some(runtime) if from_run => {
                let engine = Arc::clone(self);
                runtime.spawn(async move { engine.retire(&slot, passes).await });
            }
            Some(_) => self.retire(&slot, passes).await,
            // It has not been started.
            None => {}
        }
        self.shared.bus.emit(Event::JobStoreRemoved(alias.clone()));
        Ok(())
    }

    pub(crate) fn add_executor(
        &self,
        alias: Alias,
        executor: Arc<dyn Executor>,
    ) -> Result<(), SchedulerError> {
        let taken = || SchedulerError::AliasTaken { kind: "an executor", alias: alias.clone() };
        let is_up = self.shared.phase.is_up();
        // It starts where the others have started, wherever the caller is.
        let runtime = self.shared.runtime();
        let _inside = runtime.as_ref().map(Handle::enter);
        let start = |executor: &dyn Executor| match is_up {
            true => executor
                .start()
                .map_err(|source| SchedulerError::Executor { executor: alias.clone(), source }),
            false => Ok(()),
        };
        if !self.shared.add_executor(&alias, executor, start)? {
            return Err(taken());
        }
        self.shared.bus.emit(Event::ExecutorAdded(alias));
        self.shared.wake.wake();
        Ok(())
    }

    pub(crate) async fn remove_executor(
        &self,
        alias: &Alias,
        wait: std::time::Duration,
        from_run: bool,
    ) -> Result<(), SchedulerError> {
        let removed = self.shared.remove_executor(alias);
        let executor = removed.ok_or_else(|| SchedulerError::UnknownExecutor(alias.clone()))?;
        match self.shared.runtime() {
            // The run that asks may be one of this executor's: nobody waits for himself.
            Some(runtime) if from_run => {
                runtime.spawn(async move { executor.shutdown(wait).await });
            }
            _ => executor.shutdown(wait).await,
        }
        self.shared.bus.emit(Event::ExecutorRemoved(alias.clone()));
        Ok(())
    }
}
