//! What goes on while a shutdown waits for the runs under way.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use punctual_core::StoreError;
use tokio::sync::SetOnce;
use tokio::time::timeout;

use super::Engine;
use super::life::STORES_TIMEOUT;
use super::slot::Slot;

impl Engine {
    /// Shuts the executors down. As long as they have runs the leases are kept, so that nobody takes these over, and
    /// what has ended is settled.
    pub(super) async fn wind_down(&self, wait: Duration) {
        let executors: Vec<_> = self.executors.read().values().cloned().collect();
        let over = SetOnce::new();
        let ends = async {
            join_all(executors.iter().map(|executor| executor.shutdown(wait))).await;
            let _ = over.set(());
        };
        join(ends, self.keep_up(&over)).await;
    }

    async fn keep_up(&self, over: &SetOnce<()>) {
        let slots = self.slots();
        loop {
            tokio::select! {
                biased;
                _ = over.wait() => return,
                // At once when a run has ended.
                _ = timeout(self.settings.lease / 3, self.wake.notified()) => {}
            }
            self.settle_reports(true, self.clock.now());
            if self.active.lock().len() > 0 {
                join_all(slots.iter().map(|slot| self.keep_up_slot(slot))).await;
            }
        }
    }

    /// What can't be stored is tried again with the next run that ends, and at the very end.
    async fn keep_up_slot(&self, slot: &Arc<Slot>) {
        match timeout(STORES_TIMEOUT, self.try_keep_up(slot)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(store = %slot.alias, %error, "the job store failed during the shutdown");
            }
            Err(_) => tracing::warn!(store = %slot.alias, "the store did not answer in time"),
        }
    }

    async fn try_keep_up(&self, slot: &Arc<Slot>) -> Result<(), StoreError> {
        let own = self.clock.now();
        let mut pass = slot.pass.lock().await;
        self.ask_time(slot, &mut pass, own).await?;
        let filter = slot.filter(&self.tasks.read());
        let node = self.node.lock().clone();
        let now = self.renew(slot, &mut pass, &node, &filter, own).await?;
        self.commit_settling(slot, now).await?;
        pass.holds_runs = self.active.lock().has_recorded();
        Ok(())
    }
}
