//! One pass over the stores: settle what has ended, look after the rest, run what is due.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use punctual_core::{
    Alias, Event, JobProblem, JobRecord, JobRef, StoreError, StoreErrorKind, TaskFilter, Timestamp,
};

use tokio::time::timeout;

use super::Engine;
use super::life::SchedulerState;
use super::slot::{Pass, Slot};

/// How many jobs are looked at to find those of unknown tasks.
const UNKNOWN_PAGE: usize = 1_000;

/// How long stores wait for a slow one among them.
const PATIENCE: Duration = Duration::from_secs(1);

impl Engine {
    /// One pass at the instant `now`; answers when the next one is needed. Doesn't sleep and reads no
    /// clock. Does nothing when the scheduler is stopped.
    pub(crate) async fn tick(self: &Arc<Self>, now: Timestamp) -> Option<Timestamp> {
        let _one_at_a_time = lock(&self.tick).await;
        let paused = match self.scheduler_state() {
            SchedulerState::Running => false,
            SchedulerState::Paused => true,
            _ => return None,
        };
        self.last_tick.store(now.as_micros(), Ordering::Relaxed);
        self.settle_reports(false, now);
        let slots = self.slots();
        let next = match &*slots {
            [only] => self.pass(only, now, paused).await,
            several => self.passes(several, now, paused).await,
        };
        // What has ended in the meantime, for executors that run on the spot.
        self.settle_reports(false, now);
        if slots.iter().any(|slot| slot.is_unsettled()) {
            return Some(now);
        }
        let flush_at = |slot: &Arc<Slot>| {
            let at = slot.flush_history_at(slot.history_batch(self.settings.batch))?;
            slot.is_free().then(|| slot.clock.own(at))
        };
        next.into_iter().chain(slots.iter().filter_map(flush_at)).min()
    }

    /// A pass over each of several stores, side by side. One that takes longer than the others are asked
    /// to wait for goes on by itself, and wakes the driver when it ends.
    async fn passes(
        self: &Arc<Self>,
        slots: &[Arc<Slot>],
        now: Timestamp,
        paused: bool,
    ) -> Option<Timestamp> {
        let passes = slots.iter().map(|slot| self.spawned_pass(slot, now, paused));
        join_all(passes).await.into_iter().flatten().min()
    }

    /// A pass in a task of its own; answers when the next one is needed, if it ends while others wait for it. One
    /// that ends later wakes the driver, which then asks again.
    async fn spawned_pass(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        now: Timestamp,
        paused: bool,
    ) -> Option<Timestamp> {
        if slot.pass.try_lock().is_err() {
            return None;
        }
        let mut pass = {
            let (engine, slot) = (Arc::clone(self), Arc::clone(slot));
            tokio::spawn(async move { engine.pass(&slot, now, paused).await })
        };
        *slot.pass_task.lock() = Some(pass.abort_handle());
        if let Ok(ended) = timeout(PATIENCE, &mut pass).await {
            return ended.ok().flatten();
        }
        let engine = Arc::clone(self);
        tokio::spawn(async move {
            let _ = pass.await;
            engine.wake.notify_one();
        });
        None
    }

    /// A pass over one store. Every failure ends here: it is told, and the store is tried again. Outside
    /// of it, time is this machine's; inside, the store's.
    async fn pass(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        now: Timestamp,
        paused: bool,
    ) -> Option<Timestamp> {
        let retry_at = slot.health.lock().retry_at.map(|at| slot.clock.own(at));
        if let Some(retry_at) = retry_at.filter(|&retry_at| {
            // After a clock that was put back, the wait would last for ever.
            retry_at > now && retry_at <= now.saturating_add(self.settings.retry_interval * 2)
        }) {
            return Some(retry_at);
        }
        let mut pass = lock(&slot.pass).await;
        *slot.busy_since.lock() = Some(now);
        let work = AssertUnwindSafe(self.locked_pass(slot, &mut pass, now, paused)).catch_unwind();
        let next = work.await.unwrap_or_else(|_| {
            let error = StoreError::new(StoreErrorKind::Other, "the pass over the store panicked");
            Some(self.store_failed(slot, error, slot.clock.at(now)))
        });
        let next = next.map(|next| slot.clock.own(next));
        *slot.busy_since.lock() = None;
        next
    }

    async fn locked_pass(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        pass: &mut Pass,
        now: Timestamp,
        paused: bool,
    ) -> Option<Timestamp> {
        match self.try_pass(slot, pass, now, paused).await {
            Ok(next) => {
                if slot.health.lock().succeeded() {
                    self.bus.emit(Event::JobStoreRecovered(slot.alias.clone()));
                }
                next
            }
            Err(error) => {
                pass.asked_at = None;
                if error.kind() == StoreErrorKind::Replaced {
                    self.begin_anew(slot, pass, slot.clock.at(now));
                }
                Some(self.store_failed(slot, error, slot.clock.at(now)))
            }
        }
    }

    fn store_failed(&self, slot: &Slot, error: StoreError, now: Timestamp) -> Timestamp {
        tracing::warn!(store = %slot.alias, %error, "the job store failed; it is tried again");
        let error = Arc::new(error);
        let mut longest = self.settings.retry_interval;
        if slot.caps.persistent {
            // As often as the lease is renewed while all is well: it may be about to run out.
            longest = longest.min(self.settings.lease / 3);
        }
        let retry_at = slot.health.lock().failed(Arc::clone(&error), now, longest);
        self.bus.emit(Event::JobStoreFailed { store: slot.alias.clone(), error });
        retry_at
    }

    async fn try_pass(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        pass: &mut Pass,
        now: Timestamp,
        paused: bool,
    ) -> Result<Option<Timestamp>, StoreError> {
        Self::check_generation(slot, pass)?;
        self.ask_time(slot, pass, now).await?;
        if self.settings.client {
            // Only the time matters to it, for the jobs that it adds.
            return Ok(None);
        }
        if slot.changed.swap(false, Ordering::Acquire) {
            pass.asked_at = None;
        }
        // After that: whoever adds a job of a new task registers the task before it says so.
        let filter = slot.filter(&self.tasks.read());
        let node = self.node.lock().clone();
        let silent = pass.renewed_at;
        let now = self.renew(slot, pass, &node, &filter, now).await?;
        if self.commit_settling(slot, now).await? {
            pass.asked_at = None;
        }
        // After that, so that no run is taken for one left behind whose end only had to be stored.
        if !paused && self.may_adopt(pass, now) {
            self.adopt(slot, pass, &node, &filter, now).await?;
        }
        self.retry_uncertain(slot, pass, now).await?;
        self.check_zones(slot).await?;
        let mut wakeup = self.next_look(slot, now);
        let search = self.may_search(slot, pass, silent, now);
        if !paused {
            if search {
                self.take_over(slot, pass, &node, &filter, now).await?;
                pass.search = false;
            }
            let again = self.run_again(slot, pass, now).await?;
            let next = self.run_due(slot, pass, &node, &filter, now).await?;
            wakeup = [wakeup, again, next].into_iter().flatten().min();
        }
        let flush = self.keep_history(slot, pass, now).await?;
        wakeup = wakeup.into_iter().chain(flush).min();
        pass.holds_runs = self.active.lock().has_recorded();
        Ok(wakeup)
    }

    /// When a store has to be looked at even if nothing is due: to keep the lease of runs under way, and
    /// to see what other processes have changed or left behind.
    fn next_look(&self, slot: &Slot, now: Timestamp) -> Option<Timestamp> {
        let lease = self.settings.lease / 3;
        let wait = match (slot.caps.shared, self.active.lock().has_recorded()) {
            (true, _) if slot.is_watched() => lease,
            (true, true) => lease.min(self.settings.poll_interval),
            (true, false) => self.settings.poll_interval,
            (false, true) if slot.caps.persistent => lease,
            _ => return None,
        };
        Some(now.saturating_add(wait))
    }

    /// Tells of due jobs whose task nobody here knows; they are left to processes that know it. Whatever else
    /// was due has been claimed.
    pub(super) async fn report_unknown(
        &self,
        slot: &Arc<Slot>,
        pass: &mut Pass,
        filter: &TaskFilter,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        pass.looked_for_unknown = Some(now);
        let any = slot.store.next_wakeup(&TaskFilter::Any).await?;
        if any.is_none_or(|due| due > now) {
            return Ok(());
        }
        let page = slot.store.list(None, UNKNOWN_PAGE).await?;
        slot.report_corrupt(&self.bus, page.corrupt);
        for record in page.records {
            let due = record.schedule.is_some_and(|schedule| schedule.due_at <= now);
            if due && !filter.passes(&record.task) {
                let problem = Arc::new(JobProblem::UnknownTask(record.task.clone()));
                self.report_unresolved(slot, pass, &record, problem);
            }
        }
        Ok(())
    }

    /// Tells of a job that can't be run here, once for each cause.
    pub(super) fn report_unresolved(
        &self,
        slot: &Slot,
        pass: &mut Pass,
        record: &JobRecord,
        problem: Arc<JobProblem>,
    ) {
        let text = problem.to_string();
        if pass.reported.get(&record.id) == Some(&text) {
            return;
        }
        tracing::warn!(store = %slot.alias, job = %record.id, %problem, "the job can't be run here");
        pass.reported.insert(record.id.clone(), text);
        self.bus.emit(Event::JobUnresolved { job: job_ref(&slot.alias, record), problem });
    }
}

/// Locks at once when it can, which is nearly always: a wait costs the runtime's attention.
async fn lock<T>(mutex: &tokio::sync::Mutex<T>) -> tokio::sync::MutexGuard<'_, T> {
    match mutex.try_lock() {
        Ok(guard) => guard,
        Err(_) => mutex.lock().await,
    }
}

pub(super) fn job_ref(alias: &Alias, record: &JobRecord) -> JobRef {
    JobRef { job_id: record.id.clone(), job_store: alias.clone() }
}
