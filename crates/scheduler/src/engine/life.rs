//! Starting, pausing and shutting down.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use punctual_core::{Event, JobRef, StoreError, StoreErrorKind, TaskFilter, Timestamp};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::add::Stored;
use super::cache::Cache;
use super::slot::{Health, Pass, Slot};
use super::{Engine, Place};
use crate::SchedulerError;
use crate::driver;

/// How long a shutdown waits for the stores, after the runs.
pub(super) const STORES_TIMEOUT: Duration = Duration::from_secs(5);

/// What a scheduler is doing; the names are APScheduler's, and two for the way there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SchedulerState {
    /// Not running: added jobs wait for the start.
    #[default]
    Stopped,
    /// Opening stores and executors.
    Starting,
    /// Running jobs.
    Running,
    /// Running no jobs until it is resumed; everything else works.
    Paused,
    /// Waiting for runs to end.
    Stopping,
}

#[derive(Default)]
pub(super) struct Phase {
    pub state: SchedulerState,
    /// The task of the driver, if it has one.
    driver: Option<AbortHandle>,
}

impl Engine {
    pub(crate) fn scheduler_state(&self) -> SchedulerState {
        self.phase.lock().state
    }

    /// Whether jobs are kept until the start.
    pub(super) fn is_pending(state: SchedulerState) -> bool {
        matches!(state, SchedulerState::Stopped | SchedulerState::Starting)
    }

    /// Opens everything, adds the pending jobs, and, unless somebody ticks by hand, spawns the driver.
    pub(crate) async fn start(
        self: &Arc<Self>,
        paused: bool,
        with_driver: bool,
    ) -> Result<(), SchedulerError> {
        let _one_at_a_time = self.life.lock().await;
        {
            let mut phase = self.phase.lock();
            if phase.state != SchedulerState::Stopped {
                return Err(SchedulerError::AlreadyRunning);
            }
            phase.state = SchedulerState::Starting;
        }
        self.give_up.send_replace(false);
        *self.runtime.lock() = Some(Handle::current());
        if let Err(error) = self.open(paused).await {
            self.close(Duration::ZERO).await;
            return Err(error);
        }
        self.turns.send_modify(|turns| *turns += 1);
        self.bus.emit(Event::SchedulerStarted);
        tracing::info!("scheduler started");
        if with_driver {
            let driver = tokio::spawn(driver::run(Arc::clone(self)));
            self.phase.lock().driver = Some(driver.abort_handle());
        }
        self.wake.notify_one();
        Ok(())
    }

    async fn open(self: &Arc<Self>, paused: bool) -> Result<(), SchedulerError> {
        *self.node.lock() = self.settings.identity.clone().unwrap_or_else(|| self.ids.node());
        let executors: Vec<_> =
            self.executors.read().iter().map(|(a, e)| (a.clone(), Arc::clone(e))).collect();
        for (alias, executor) in executors.into_iter().filter(|_| !self.settings.client) {
            executor
                .start()
                .map_err(|source| SchedulerError::Executor { executor: alias.clone(), source })?;
            self.bus.emit(Event::ExecutorAdded(alias));
        }
        for slot in self.slots().iter() {
            tokio::select! {
                biased;
                opened = self.open_slot(slot) => opened?,
                () = self.given_up() => return Err(slot.error(StoreError::new(
                    StoreErrorKind::Unavailable,
                    "it had not started when the scheduler was shut down",
                ))),
            }
            self.bus.emit(Event::JobStoreAdded(slot.alias.clone()));
        }
        let running = if paused { SchedulerState::Paused } else { SchedulerState::Running };
        self.add_pending(running).await
    }

    /// Waits until a shutdown has lost its patience with the start under way.
    async fn given_up(&self) {
        // Only fails when the engine is gone, which it is not.
        let _ = self.give_up.subscribe().wait_for(|&given_up| given_up).await;
    }

    /// Starts a store and forgets what was known of it.
    pub(super) async fn open_slot(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
    ) -> Result<(), SchedulerError> {
        slot.store.start().await.map_err(|source| slot.error(source))?;
        let generation = slot.store.generation();
        *slot.health.lock() = Health::default();
        slot.ask_time().await.map_err(|source| slot.error(source))?;
        let told_time_at = Some(self.clock.now());
        let mut pass = Pass { told_time_at, generation, ..Pass::default() };
        // Before anything is recorded as this node's: nobody takes the runs of the living.
        let (node, filter) = (self.node.lock().clone(), slot.filter(&self.tasks.read()));
        let renewed = self.renew(slot, &mut pass, &node, &filter, self.clock.now()).await;
        let now = renewed.map_err(|source| slot.error(source))?;
        // It may have been away: the living are given the time to come back, which they take a little more than a
        // third of a lease for.
        pass.search_from = Some(now.saturating_add(self.settings.lease / 2));
        *slot.pass.lock().await = pass;
        *slot.cache.lock() = Cache::default();
        slot.zones.reset();
        if slot.caps.persistent {
            // They are taken over, as what any process left behind.
            slot.again.lock().clear();
        }
        slot.corrupt.lock().clear();
        slot.changed.store(true, Ordering::Release);
        if slot.caps.notify && !self.settings.client {
            slot.stop_watching();
            let watch = tokio::spawn(driver::watch(Arc::downgrade(self), Arc::clone(slot)));
            *slot.watch.lock() = Some(watch);
        }
        Ok(())
    }

    /// Adds the jobs that waited for the start, and enters the state in which jobs wait no more; or
    /// leaves them waiting, none of them stored. Jobs that were replaced stay replaced.
    async fn add_pending(&self, running: SchedulerState) -> Result<(), SchedulerError> {
        let mut stored: Vec<(JobRef, Stored)> = Vec::new();
        loop {
            let next = {
                // Jobs are put among the pending under the same lock, so none is left behind.
                let mut phase = self.phase.lock();
                let mut pending = self.pending.lock();
                let Some(job) = pending.get(stored.len()) else {
                    pending.clear();
                    phase.state = running;
                    break;
                };
                job.clone()
            };
            match self.store_job(&next, &mut Place::Stores).await {
                Ok(how) => stored.push((next.reference(), how)),
                Err(error) => {
                    self.take_back(stored).await;
                    return Err(error);
                }
            }
        }
        for (job, how) in stored {
            self.emit_added(job, how);
        }
        Ok(())
    }

    /// Removes what a failed start has added; the jobs go on waiting.
    async fn take_back(&self, stored: Vec<(JobRef, Stored)>) {
        for (job, _) in stored.into_iter().filter(|(_, how)| *how == Stored::New) {
            let Ok(slot) = self.slot(&job.job_store) else { continue };
            if let Err(error) = slot.store.remove(std::slice::from_ref(&job.job_id)).await {
                tracing::error!(job = %job.job_id, %error, "a job of the failed start stays stored");
            }
        }
    }

    pub(crate) fn pause(&self) -> Result<(), SchedulerError> {
        self.switch(SchedulerState::Running, SchedulerState::Paused, Event::SchedulerPaused)
    }

    pub(crate) fn resume(&self) -> Result<(), SchedulerError> {
        self.switch(SchedulerState::Paused, SchedulerState::Running, Event::SchedulerResumed)
    }

    fn switch(
        &self,
        from: SchedulerState,
        to: SchedulerState,
        event: Event,
    ) -> Result<(), SchedulerError> {
        {
            let mut phase = self.phase.lock();
            if phase.state == to {
                return Ok(());
            }
            if phase.state != from {
                return Err(SchedulerError::NotRunning);
            }
            phase.state = to;
        }
        self.bus.emit(event);
        self.wake.notify_one();
        Ok(())
    }

    /// Takes nothing new, waits for the runs under way at most `wait`, and closes everything.
    pub(crate) async fn shutdown(&self, wait: Duration) -> Result<(), SchedulerError> {
        let _one_at_a_time = self.end_of_start(wait).await;
        {
            let mut phase = self.phase.lock();
            if Self::is_pending(phase.state) {
                return Err(SchedulerError::NotRunning);
            }
            phase.state = SchedulerState::Stopping;
        }
        self.wake.notify_one();
        self.close(wait).await;
        self.bus.emit(Event::SchedulerShutdown);
        tracing::info!("scheduler has been shut down");
        self.turns.send_modify(|turns| *turns += 1);
        Ok(())
    }

    /// Waits for a start or another shutdown that is under way. A start that takes too long is given up: one
    /// of the stores hangs.
    async fn end_of_start(&self, wait: Duration) -> tokio::sync::MutexGuard<'_, ()> {
        if let Ok(end) = self.life.try_lock() {
            return end;
        }
        let mut end = pin!(self.life.lock());
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
        let runtime = self.runtime().ok_or(SchedulerError::NotRunning)?;
        {
            // At once, so that nothing new begins once the job has its answer.
            let mut phase = self.phase.lock();
            if Self::is_pending(phase.state) {
                return Err(SchedulerError::NotRunning);
            }
            phase.state = SchedulerState::Stopping;
        }
        runtime.spawn(async move {
            if let Err(error) = self.shutdown(wait).await {
                tracing::debug!(%error, "shut down already");
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
        drop(self.life.lock().await);
    }

    async fn close(&self, wait: Duration) {
        // The passes under way end first; one that hangs in a store is cut off.
        let slots = self.slots();
        let passes = async {
            drop(self.tick.lock().await);
            join_all(slots.iter().map(|slot| async { drop(slot.pass.lock().await) })).await;
        };
        // Both mean that whatever is left is cut off.
        let _ = timeout(wait.max(STORES_TIMEOUT), passes).await;
        if let Some(driver) = self.phase.lock().driver.take() {
            driver.abort();
        }
        for slot in slots.iter() {
            if let Some(pass) = slot.pass_task.lock().take() {
                pass.abort();
            }
            *slot.busy_since.lock() = None;
        }
        self.wind_down(wait).await;
        self.settle_reports(true, self.clock.now());
        // Runs that go on although their time is up keep their lease until it runs out by itself.
        let idle = self.active.lock().len() == 0;
        join_all(self.slots().iter().map(|slot| self.close_slot(slot, idle))).await;
        self.phase.lock().state = SchedulerState::Stopped;
        *self.runtime.lock() = None;
    }

    pub(super) async fn close_slot(&self, slot: &Arc<Slot>, idle: bool) {
        slot.stop_watching();
        slot.zones.stop();
        if let Some(history) = &slot.history {
            history.stop_forgetting();
        }
        let work = async {
            let now = slot.now();
            self.commit_settling(slot, now).await?;
            slot.flush_history(slot.history_batch(self.settings.batch), now).await?;
            // Not one that a start which failed never had: that would be by a clock of which nothing is known yet.
            let has_it = self.has_lease(slot) && !slot.lease.lock().is_over(now);
            if has_it && idle {
                let (node, past) = (self.node.lock().clone(), now.saturating_add_micros(-1));
                slot.store.renew(&node, now, past, &TaskFilter::Any).await?;
                slot.lease.lock().prolong(Timestamp::MIN);
            }
            Ok::<_, StoreError>(())
        };
        match timeout(STORES_TIMEOUT, work).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(store = %slot.alias, %error, "the last changes could not be stored");
            }
            Err(_) => tracing::warn!(store = %slot.alias, "the store did not answer in time"),
        }
        if timeout(STORES_TIMEOUT, slot.store.shutdown()).await.is_err() {
            tracing::warn!(store = %slot.alias, "the store did not close in time");
        }
    }

    /// When the driver has to look again, at the latest.
    pub(crate) fn sleep_until(&self, next: Option<Timestamp>, now: Timestamp) -> Duration {
        let next = next.map_or(self.settings.max_sleep, |next| next.saturating_since(now));
        next.min(self.settings.max_sleep)
    }
}
