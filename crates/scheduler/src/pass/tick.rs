//! One tick: what has ended is settled, and each store has its pass, side by side.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use punctual_core::Timestamp;
use tokio::time::timeout;

use super::Passes;
use super::state::{StorePasses, lock};
use crate::shared::SchedulerState;

/// How long stores wait for a slow one among them.
const PATIENCE: Duration = Duration::from_secs(1);

impl Passes {
    /// One pass over each store at the instant `now`, by this machine's clock; returns when the next one is needed.
    /// Doesn't sleep and reads no clock. Does nothing when the scheduler is stopped.
    pub(crate) async fn tick(self: &Arc<Self>, now: Timestamp) -> Option<Timestamp> {
        let _one_at_a_time = lock(&self.ticking).await;
        let paused = match self.shared.phase.get() {
            SchedulerState::Running => false,
            SchedulerState::Paused => true,
            _ => return None,
        };
        self.last_tick.store(now.as_micros(), Ordering::Relaxed);
        self.runs.settle_reports(false, now);
        let stores = self.stores();
        let next = match &*stores {
            [only] => self.pass(only, now, paused).await,
            several => {
                let passes = several.iter().map(|store| self.spawned_pass(store, now, paused));
                join_all(passes).await.into_iter().flatten().min()
            }
        };
        // What has ended in the meantime, for executors that run on the spot.
        self.runs.settle_reports(false, now);
        if stores.iter().any(|store| store.is_unsettled()) {
            return Some(now);
        }
        let flush_at = |store: &Arc<StorePasses>| {
            let at = store.slot.flush_history_at()?;
            store.is_free().then(|| store.slot.clock.own(at))
        };
        next.into_iter().chain(stores.iter().filter_map(flush_at)).min()
    }

    /// A pass in a task of its own; returns when the next one is needed, if it ends while others wait for it. One
    /// that ends later wakes the driver, which then asks again.
    async fn spawned_pass(
        self: &Arc<Self>,
        store: &Arc<StorePasses>,
        now: Timestamp,
        paused: bool,
    ) -> Option<Timestamp> {
        if store.state.try_lock().is_err() {
            return None;
        }
        let mut pass = {
            let (passes, store) = (Arc::clone(self), Arc::clone(store));
            tokio::spawn(async move { passes.pass(&store, now, paused).await })
        };
        *store.task.lock() = Some(pass.abort_handle());
        if let Ok(ended) = timeout(PATIENCE, &mut pass).await {
            return ended.ok().flatten();
        }
        let wake = Arc::clone(&self.shared.wake);
        tokio::spawn(async move {
            let _ = pass.await;
            wake.wake();
        });
        None
    }

    /// Waits for the tick and the passes under way.
    pub(crate) async fn finish(&self) {
        drop(self.ticking.lock().await);
        join_all(self.stores().iter().map(|store| store.finish())).await;
    }

    /// Cuts off the passes under way.
    pub(crate) fn abort(&self) {
        for store in self.stores().iter() {
            if let Some(pass) = store.task.lock().take() {
                pass.abort();
            }
            *store.busy_since.lock() = None;
        }
    }
}
