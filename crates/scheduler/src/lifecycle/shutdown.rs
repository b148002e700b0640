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
use crate::shared::{STORE_CLOSE_TIMEOUT, SchedulerState};

/// How long a shutdown waits for the runs that it has cancelled. It is short, because it is added to the timeout of the
/// shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(500);

impl Engine {
    /// Stops starting runs, waits at most `wait` for the runs in progress, and closes everything.
    pub(crate) async fn shutdown(&self, wait: Duration) -> Result<(), SchedulerError> {
        let _one_at_a_time = self.lock_lifecycle(wait).await;
        self.enter_stopping()?;
        self.shared.wake.wake();
        self.close(wait).await;
        self.shared.bus.emit_last(Event::SchedulerShutdown);
        tracing::info!(target: "punctual::scheduler", "scheduler has been shut down");
        self.lifecycle_epoch.send_modify(|epoch| *epoch += 1);
        Ok(())
    }

    /// Waits for a start or shutdown in progress to finish. A start that exceeds the timeout is cancelled, because
    /// one of its store calls does not return.
    async fn lock_lifecycle(&self, wait: Duration) -> tokio::sync::MutexGuard<'_, ()> {
        if let Ok(end) = self.lifecycle_lock.try_lock() {
            return end;
        }
        let mut end = pin!(self.lifecycle_lock.lock());
        // Without a tokio runtime no timeout is needed: a start in progress has not reached a store call yet.
        while Handle::try_current().is_ok() {
            match timeout(wait.max(STORE_CLOSE_TIMEOUT), &mut end).await {
                Ok(end) => return end,
                Err(_) => drop(self.cancel_start.send_replace(true)),
            }
        }
        end.await
    }

    /// Shuts down. If called from a run, the shutdown continues in the background, since it waits for the run itself.
    pub(crate) async fn shutdown_or_spawn(
        self: Arc<Self>,
        wait: Duration,
        called_from_run: bool,
    ) -> Result<(), SchedulerError> {
        if !called_from_run {
            return self.shutdown(wait).await;
        }
        let runtime = self.shared.runtime().ok_or(SchedulerError::NotRunning)?;
        // Set the state now, so that no run starts after this call has returned.
        self.enter_stopping()?;
        runtime.spawn(async move {
            if let Err(error) = self.shutdown(wait).await {
                tracing::debug!(target: "punctual::scheduler", error = %error_chain(&error), "the scheduler was already shut down");
            }
        });
        Ok(())
    }

    /// Waits until a shutdown has finished, whether or not a start has followed. Returns immediately while the
    /// scheduler is stopped.
    pub(crate) async fn stopped(&self) {
        let mut epochs = self.lifecycle_epoch.subscribe();
        let epoch = *epochs.borrow();
        if epoch % 2 == 1 {
            // Fails only if the sender is dropped, which the engine owns.
            let _ = epochs.wait_for(|&current| current != epoch).await;
        }
        drop(self.lifecycle_lock.lock().await);
    }

    fn enter_stopping(&self) -> Result<(), SchedulerError> {
        let runs = |state| !matches!(state, SchedulerState::Stopped | SchedulerState::Starting);
        if self.shared.scheduler_state.transition_if(runs, SchedulerState::Stopping) {
            return Ok(());
        }
        Err(SchedulerError::NotRunning)
    }

    pub(super) async fn close(&self, wait: Duration) {
        // Wait for passes in progress, then abort the ones that remain, including those blocked in a store call.
        let _ = timeout(wait.max(STORE_CLOSE_TIMEOUT), self.passes.wait_idle()).await;
        if let Some(driver) = self.driver.lock().take() {
            driver.abort();
        }
        self.passes.abort();
        self.shutdown_executors(wait).await;
        self.runs.process_reports(true, self.shared.clock.now());
        self.runs.report_left();
        self.runs.drop_waiters();
        // If runs are still executing after the timeout, the lease is not released; other nodes take the runs over when
        // it expires.
        let idle = self.runs.count() == 0;
        let stores = self.stores.all();
        let close = async |store| {
            self.passes.close(store, self.passes.find(store).as_deref(), idle).await;
        };
        join_all(stores.iter().map(close)).await;
        self.jobs.reopen_pending();
        self.shared.scheduler_state.set(SchedulerState::Stopped);
        self.shared.set_runtime(None);
    }

    /// Shuts the executors down. Until they have stopped, leases are renewed so that no other node takes over the runs,
    /// and run completions are committed.
    async fn shutdown_executors(&self, wait: Duration) {
        let executors = self.shared.executors();
        let executors_stopped = SetOnce::new();
        let ends = async {
            join_all(executors.iter().map(|(_, executor)| executor.shutdown(wait))).await;
            if !wait.is_zero() {
                // The runs that were cancelled, and that react to it.
                let _ = timeout(SHUTDOWN_GRACE, self.runs.all_ended()).await;
            }
            let _ = executors_stopped.set(());
        };
        join(ends, self.maintain_leases(&executors_stopped)).await;
    }

    async fn maintain_leases(&self, executors_stopped: &SetOnce<()>) {
        loop {
            let now = self.shared.clock.now();
            let limit = self.runs.enforce_limits(now).map(|limit| limit.saturating_since(now));
            let renewal = self.shared.settings.lease / 3;
            let wait = limit.map_or(renewal, |limit| limit.min(renewal));
            tokio::select! {
                biased;
                _ = executors_stopped.wait() => return,
                // Wakes early when a run has ended.
                _ = timeout(wait, self.shared.wake.woken()) => {}
            }
            self.runs.process_reports(true, self.shared.clock.now());
            if self.runs.count() > 0 {
                self.passes.maintain_leases().await;
            }
        }
    }
}
