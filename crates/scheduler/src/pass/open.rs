//! Opening, maintaining during a shutdown, and closing a store.

use std::sync::Arc;

use futures_util::future::join_all;
use punctual_core::{StoreError, TaskFilter, Timestamp, error_chain};
use tokio::time::timeout;

use super::PassRunner;
use super::state::{PassState, StorePassRunner};
use crate::shared::STORE_CLOSE_TIMEOUT;
use crate::store::RegisteredStore;

/// Maximum number of attempts to make the remaining changes when a store is closed. Usually one is sufficient after a lost
/// connection; an unavailable store must not delay the shutdown.
const CLOSE_ATTEMPTS: u32 = 3;

impl PassRunner {
    /// Starts a store, acquires the lease in it, and resets the state kept about it.
    pub(crate) async fn open(&self, store: &Arc<RegisteredStore>) -> Result<(), StoreError> {
        store.open().await?;
        let local_now = self.shared.clock.now();
        let generation = store.backend.generation();
        let mut state =
            PassState { clock_synced_at: Some(local_now), generation, ..PassState::default() };
        // Before a run of this node is recorded: other nodes must not take it over.
        let now = self
            .renew(store, &mut state, (&self.shared.node(), &store.filter()), local_now, false)
            .await?;
        // The store may have been unavailable. Wait half a lease before taking runs over, because live nodes need a
        // little more than a third of a lease to renew.
        state.takeover_not_before = Some(now.saturating_add(self.shared.settings.lease / 2));
        store.reset();
        self.add(store, state).await;
        store.start_watching();
        Ok(())
    }

    /// Makes the remaining changes, repeatedly if a call fails, and closes a store. If `idle`, the lease is released. Otherwise it is kept until it
    /// expires. `runner` has the state of the passes over the store; `None` if it was never opened.
    pub(crate) async fn close(
        &self,
        store: &Arc<RegisteredStore>,
        runner: Option<&StorePassRunner>,
        idle: bool,
    ) {
        store.stop_watching();
        store.zones.abort_replanning();
        store.stop_pruning();
        let work = async || {
            // The local clock may have been set since the last pass.
            store.sync_clock().await?;
            let now = store.now();
            if let Some(runner) = runner {
                let mut pass = runner.state.lock().await;
                self.settle_before_close(store, &mut pass, now).await?;
            }
            self.commit_completions(store, now).await?;
            store.flush_history(now).await?;
            // Skip this if the start failed before the lease was acquired; the store's clock is not synchronised in
            // that case.
            let holds_lease = self.has_lease(store) && !store.lease.lock().is_expired(now);
            if holds_lease && idle {
                let (node, past) = (self.shared.node(), now.saturating_add_micros(-1));
                store.backend.renew(&node, now, past, &TaskFilter::Any).await?;
                store.lease.lock().set_expiry(Timestamp::MIN);
            }
            Ok::<_, StoreError>(())
        };
        // No later pass repeats them.
        let repeated = async {
            let mut attempt = 1;
            loop {
                match work().await {
                    Err(error) if error.is_retryable() && attempt < CLOSE_ATTEMPTS => attempt += 1,
                    result => return result,
                }
            }
        };
        match timeout(STORE_CLOSE_TIMEOUT, repeated).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(target: "punctual::scheduler", store = %store.alias, error = %error_chain(&error), "the remaining changes could not be stored");
            }
            Err(_) => {
                tracing::warn!(target: "punctual::scheduler", store = %store.alias, "the job store did not respond in time")
            }
        }
        if timeout(STORE_CLOSE_TIMEOUT, store.backend.shutdown()).await.is_err() {
            tracing::warn!(target: "punctual::scheduler", store = %store.alias, "the job store did not close in time");
        }
    }

    /// Renews the leases and commits run completions while a shutdown waits for runs. Changes that fail are retried
    /// with the next completed run, and once more when the store is closed.
    pub(crate) async fn maintain_leases(&self) {
        join_all(self.stores().iter().map(|runner| self.maintain_lease(runner))).await;
    }

    /// The same for one store.
    pub(crate) async fn maintain_lease(&self, runner: &StorePassRunner) {
        let store = &runner.store;
        match timeout(STORE_CLOSE_TIMEOUT, self.try_maintain_lease(runner)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(target: "punctual::scheduler", store = %store.alias, error = %error_chain(&error), "the job store failed during the shutdown");
            }
            Err(_) => {
                tracing::warn!(target: "punctual::scheduler", store = %store.alias, "the job store did not respond in time")
            }
        }
    }

    async fn try_maintain_lease(&self, runner: &StorePassRunner) -> Result<(), StoreError> {
        let store = &runner.store;
        let mut pass = runner.state.lock().await;
        let local_now = self.sync_clock_if_stale(store, &mut pass, self.shared.clock.now()).await?;
        let (node, filter) = (self.shared.node(), store.filter());
        let now = self.renew(store, &mut pass, (&node, &filter), local_now, false).await?;
        self.settle_before_close(store, &mut pass, now).await?;
        self.commit_completions(store, now).await?;
        pass.had_guarded_runs = self.has_guarded_runs(store, &pass);
        Ok(())
    }
}
