//! The first and the last thing that is done with a store.

use std::sync::Arc;

use futures_util::future::join_all;
use punctual_core::{StoreError, TaskFilter, Timestamp, error_chain};
use tokio::time::timeout;

use super::Passes;
use super::state::{PassState, StorePasses};
use crate::shared::STORES_TIMEOUT;
use crate::store::Slot;

impl Passes {
    /// Starts a store, takes the lease in it, and forgets what was known of it.
    pub(crate) async fn open(&self, slot: &Arc<Slot>) -> Result<(), StoreError> {
        slot.open().await?;
        let own = self.shared.clock.now();
        let generation = slot.store.generation();
        let mut state = PassState { told_time_at: Some(own), generation, ..PassState::default() };
        // Before anything is recorded as this node's: nobody takes the runs of the living.
        let now = self.renew(slot, &mut state, &self.shared.node(), &slot.filter(), own).await?;
        // It may have been away: the living are given the time to come back, which they take a little more than a
        // third of a lease for.
        state.search_from = Some(now.saturating_add(self.shared.settings.lease / 2));
        slot.forget();
        self.add(slot, state).await;
        slot.start_watching();
        Ok(())
    }

    /// Makes the last changes and closes a store. When nothing runs any more, the lease ends with it; else it is kept
    /// until it runs out by itself.
    pub(crate) async fn close(&self, slot: &Arc<Slot>, idle: bool) {
        slot.stop_watching();
        slot.zones.stop();
        slot.stop_forgetting();
        let work = async {
            // The clock here may have been set since the last pass.
            slot.ask_time().await?;
            let now = slot.now();
            self.settle(slot, now).await?;
            slot.flush_history(now).await?;
            // Not one that a start which failed never had: that would be by a clock of which nothing is known yet.
            let has_it = self.has_lease(slot) && !slot.lease.lock().is_over(now);
            if has_it && idle {
                let (node, past) = (self.shared.node(), now.saturating_add_micros(-1));
                slot.store.renew(&node, now, past, &TaskFilter::Any).await?;
                slot.lease.lock().prolong(Timestamp::MIN);
            }
            Ok::<_, StoreError>(())
        };
        match timeout(STORES_TIMEOUT, work).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(store = %slot.alias, error = %error_chain(&error), "the last changes could not be stored");
            }
            Err(_) => tracing::warn!(store = %slot.alias, "the store did not answer in time"),
        }
        if timeout(STORES_TIMEOUT, slot.store.shutdown()).await.is_err() {
            tracing::warn!(store = %slot.alias, "the store did not close in time");
        }
    }

    /// While a shutdown waits for runs, the lease is kept, and what has ended is settled. What can't be stored is tried
    /// again with the next run that ends, and at the very end.
    pub(crate) async fn keep_up(&self) {
        let keep_up = |store: &Arc<StorePasses>| {
            let store = Arc::clone(store);
            async move {
                let slot = &store.slot;
                match timeout(STORES_TIMEOUT, self.try_keep_up(&store)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => {
                        tracing::warn!(store = %slot.alias, error = %error_chain(&error), "the job store failed during the shutdown");
                    }
                    Err(_) => {
                        tracing::warn!(store = %slot.alias, "the store did not answer in time")
                    }
                }
            }
        };
        join_all(self.stores().iter().map(keep_up)).await;
    }

    async fn try_keep_up(&self, store: &StorePasses) -> Result<(), StoreError> {
        let slot = &store.slot;
        let mut pass = store.state.lock().await;
        let own = self.ask_time(slot, &mut pass, self.shared.clock.now()).await?;
        let (node, filter) = (self.shared.node(), slot.filter());
        let now = self.renew(slot, &mut pass, &node, &filter, own).await?;
        self.settle(slot, now).await?;
        pass.holds_runs = self.runs.has_recorded();
        Ok(())
    }
}
