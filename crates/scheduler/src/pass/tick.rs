//! One tick: processes run reports and makes concurrent passes over all stores.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use punctual_core::Timestamp;
use tokio::time::timeout;

use super::PassRunner;
use super::state::{StorePassRunner, lock};
use crate::shared::SchedulerState;

/// Maximum time that a tick waits for the pass over each store.
const PASS_WAIT_TIMEOUT: Duration = Duration::from_secs(1);

impl PassRunner {
    /// Makes one pass over each store at the local time `now`. Returns the time at which the next tick is needed.
    /// Doesn't sleep and doesn't read the clock. Does nothing if the scheduler is stopped.
    pub(crate) async fn tick(self: &Arc<Self>, now: Timestamp) -> Option<Timestamp> {
        let _one_at_a_time = lock(&self.ticking).await;
        let paused = match self.shared.scheduler_state.get() {
            SchedulerState::Running => false,
            SchedulerState::Paused => true,
            _ => return None,
        };
        self.last_tick.store(now.as_micros(), Ordering::Relaxed);
        self.runs.process_reports(false, now);
        let runners = self.stores();
        let next = match &*runners {
            [only] => self.pass(only, now, paused).await,
            several => {
                let passes = several.iter().map(|runner| self.spawned_pass(runner, now, paused));
                join_all(passes).await.into_iter().flatten().min()
            }
        };
        // Runs completed during the passes, by executors that run inline.
        self.runs.process_reports(false, now);
        if runners.iter().any(|runner| runner.has_pending_commits()) {
            return Some(now);
        }
        let flush_at = |runner: &Arc<StorePassRunner>| {
            let at = runner.store.flush_history_at()?;
            runner.is_ready().then(|| runner.store.clock.to_local(at))
        };
        next.into_iter().chain(runners.iter().filter_map(flush_at)).min()
    }

    /// Makes a pass in a separate task. Returns the time at which the next one is needed if the pass ends within the
    /// timeout. A pass that ends later wakes the driver, which then ticks again.
    async fn spawned_pass(
        self: &Arc<Self>,
        runner: &Arc<StorePassRunner>,
        now: Timestamp,
        paused: bool,
    ) -> Option<Timestamp> {
        if runner.state.try_lock().is_err() {
            return None;
        }
        let mut pass = {
            let (passes, runner) = (Arc::clone(self), Arc::clone(runner));
            tokio::spawn(async move { passes.pass(&runner, now, paused).await })
        };
        *runner.task.lock() = Some(pass.abort_handle());
        if let Ok(ended) = timeout(PASS_WAIT_TIMEOUT, &mut pass).await {
            return ended.ok().flatten();
        }
        let wake = Arc::clone(&self.shared.wake);
        tokio::spawn(async move {
            let _ = pass.await;
            wake.wake();
        });
        None
    }

    /// Waits for the tick and the passes in progress.
    pub(crate) async fn wait_idle(&self) {
        drop(self.ticking.lock().await);
        join_all(self.stores().iter().map(|runner| runner.wait_idle())).await;
    }

    /// Aborts the passes in progress.
    pub(crate) fn abort(&self) {
        for runner in self.stores().iter() {
            if let Some(pass) = runner.task.lock().take() {
                pass.abort();
            }
            *runner.busy_since.lock() = None;
        }
    }
}
