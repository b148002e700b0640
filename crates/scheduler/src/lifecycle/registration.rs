//! Adding and removing stores and executors at run time.

use std::sync::Arc;

use punctual_core::{Alias, DynJobStore, Event, Executor};
use tokio::runtime::Handle;

use super::Engine;
use crate::error::SchedulerError;
use crate::pass::{PassState, StorePassRunner};
use crate::store::RegisteredStore;

impl Engine {
    pub(crate) async fn add_job_store(
        self: &Arc<Self>,
        alias: Alias,
        backend: Arc<dyn DynJobStore>,
    ) -> Result<(), SchedulerError> {
        let taken = || SchedulerError::AliasTaken { kind: "a job store", alias: alias.clone() };
        if self.stores.get(&alias).is_ok() {
            return Err(taken());
        }
        let store = RegisteredStore::new(&self.shared, alias.clone(), backend);
        if self.shared.scheduler_state.is_started() {
            self.passes.open(&store).await.map_err(|error| store.error(error))?;
        } else {
            self.passes.add(&store, PassState::default()).await;
        }
        if !self.stores.add(&store) {
            // A concurrent call added a store with the same alias.
            let passes = self.passes.remove(&store);
            self.drain_and_close(&store, passes).await;
            return Err(taken());
        }
        self.shared.bus.emit(Event::JobStoreAdded(alias));
        self.shared.wake.wake();
        Ok(())
    }

    /// Waits for the runs of a removed store, and closes it.
    async fn drain_and_close(
        &self,
        store: &Arc<RegisteredStore>,
        passes: Option<Arc<StorePassRunner>>,
    ) {
        if let Some(passes) = &passes {
            // Records runs in progress under open claims.
            self.passes.maintain_lease(passes).await;
        }
        // The records of runs that take longer remain in the store until the lease expires.
        let wait = self.shared.settings.shutdown_timeout;
        let _ = tokio::time::timeout(wait, self.runs.wait_idle(store)).await;
        if let Some(passes) = &passes {
            passes.wait_idle().await;
        }
        self.passes.close(store, passes.as_deref(), true).await;
    }

    pub(crate) async fn remove_job_store(
        self: &Arc<Self>,
        alias: &Alias,
        called_from_run: bool,
    ) -> Result<(), SchedulerError> {
        let store = self.stores.remove(alias)?;
        let passes = self.passes.remove(&store);
        store.stop_watching();
        match self.shared.runtime() {
            // The calling run may belong to this store; waiting for it here would deadlock.
            Some(runtime) if called_from_run => {
                let engine = Arc::clone(self);
                runtime.spawn(async move { engine.drain_and_close(&store, passes).await });
            }
            Some(_) => self.drain_and_close(&store, passes).await,
            // The store has not been started.
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
        let is_started = self.shared.scheduler_state.is_started();
        // Started on the engine's runtime like the other executors, regardless of the caller's runtime.
        let runtime = self.shared.runtime();
        let _inside = runtime.as_ref().map(Handle::enter);
        let start = |executor: &dyn Executor| match is_started {
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
        called_from_run: bool,
    ) -> Result<(), SchedulerError> {
        let removed = self.shared.remove_executor(alias);
        let executor = removed.ok_or_else(|| self.shared.unknown_executor(alias))?;
        let wait = self.shared.settings.shutdown_timeout;
        match self.shared.runtime() {
            // The calling run may belong to this executor; waiting for it here would deadlock.
            Some(runtime) if called_from_run => {
                runtime.spawn(async move { executor.shutdown(wait).await });
            }
            _ => executor.shutdown(wait).await,
        }
        self.shared.bus.emit(Event::ExecutorRemoved(alias.clone()));
        Ok(())
    }
}
