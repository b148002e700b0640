//! Shutting down.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use punctual_core::{Event, error_chain};
use tokio::runtime::Handle;
use tokio::sync::SetOnce;
use tokio::time::timeout;

use super::Engine;
use crate::error::SchedulerError;
use crate::shared::{STORES_TIMEOUT, SchedulerState};

impl Engine {
    /// Takes nothing new, waits for the runs under way at most `wait`, and closes everything.
    pub(crate) async fn shutdown(&self, wait: Duration) -> Result<(), SchedulerError> {
        let _one_at_a_time = self.end_of_start(wait).await;
        self.begin_to_stop()?;
        self.shared.wake.wake();
        self.close(wait).await;
        self.shared.bus.emit_last(Event::SchedulerShutdown);
        tracing::info!("scheduler has been shut down");
        self.turns.send_modify(|turns| *turns += 1);
        Ok(())
    }

    /// Waits for a start or another shutdown that is under way. A start that takes too long is given up: one
    /// of the stores hangs.
    async fn end_of_start(&self, wait: Duration) -> tokio::sync::MutexGuard<'_, ()> {
        if let Ok(end) = self.changing.try_lock() {
            return end;
        }
        let mut end = pin!(self.changing.lock());
        // Without a runtime there is nothing to wait for: a start has not come so far.
        while Handle::try_current().is_ok() {
            match timeout(wait.max(STORES_TIMEOUT), &mut end).await {
                Ok(end) => return end,
                Err(_) => drop(self.give_up.send_replace(true)),
            }
        }
        end.await
    }

    /// Shuts down; when a job asks for it, in the background, so that nobody waits for himself.
    pub(crate) async fn shutdown_from_anywhere(
        self: Arc<Self>,
        wait: Duration,
        from_run: bool,
    ) -> Result<(), SchedulerError> {
        if !from_run {
            return self.shutdown(wait).await;
        }
        let runtime = self.shared.runtime().ok_or(SchedulerError::NotRunning)?;
        // At once, so that nothing new begins once the job has its answer.
        self.begin_to_stop()?;
        runtime.spawn(async move {
            if let Err(error) = self.shutdown(wait).await {
                tracing::debug!(error = %error_chain(&error), "shut down already");
            }
        });
        Ok(())
    }

    /// Waits until a shutdown has ended, whether or not a start has followed; at once while the
    /// scheduler is stopped.
    pub(crate) async fn stopped(&self) {
        let mut turns = self.turns.subscribe();
        let begun = *turns.borrow();
        if begun % 2 == 1 {
            // Only fails when the engine is gone, which it is not.
            let _ = turns.wait_for(|&turns| turns != begun).await;
        }
        drop(self.changing.lock().await);
    }

    fn begin_to_stop(&self) -> Result<(), SchedulerError> {
        let runs = |state| !matches!(state, SchedulerState::Stopped | SchedulerState::Starting);
        if self.shared.phase.leave(runs, SchedulerState::Stopping) {
            return Ok(());
        }
        Err(SchedulerError::NotRunning)
    }

    pub(super) async fn close(&self, wait: Duration) {
        // The passes under way end first; one that hangs in a store is cut off: both mean that whatever is left is
        // cut off.
        let _ = timeout(wait.max(STORES_TIMEOUT), self.passes.finish()).await;
        if let Some(driver) = self.driver.lock().take() {
            driver.abort();
        }
        self.passes.abort();
        self.wind_down(wait).await;
        self.runs.settle_reports(true, self.shared.clock.now());
        // Runs that go on although their time is up keep their lease until it runs out by itself.
        let idle = self.runs.count() == 0;
        let stores = self.stores.all();
        join_all(stores.iter().map(|slot| self.passes.close(slot, idle))).await;
        self.jobs.let_wait();
        self.shared.phase.set(SchedulerState::Stopped);
        self.shared.set_runtime(None);
    }

    /// Shuts the executors down. As long as they have runs the leases are kept, so that nobody takes these over, and
    /// what has ended is settled.
    async fn wind_down(&self, wait: Duration) {
        let executors = self.shared.executors();
        let over = SetOnce::new();
        let ends = async {
            join_all(executors.iter().map(|(_, executor)| executor.shutdown(wait))).await;
            let _ = over.set(());
        };
        join(ends, self.keep_up(&over)).await;
    }

    async fn keep_up(&self, over: &SetOnce<()>) {
        loop {
            tokio::select! {
                biased;
                _ = over.wait() => return,
                // At once when a run has ended.
                _ = timeout(self.shared.settings.lease / 3, self.shared.wake.woken()) => {}
            }
            self.runs.settle_reports(true, self.shared.clock.now());
            if self.runs.count() > 0 {
                self.passes.keep_up().await;
            }
        }
    }
}
