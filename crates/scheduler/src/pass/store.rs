//! One pass over one store: look after what is there, run what is due.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use punctual_core::{Event, StoreError, StoreErrorKind, Timestamp, error_chain};

use super::Passes;
use super::state::{PassState, StorePasses, lock};
use crate::store::Slot;

impl Passes {
    /// A pass over one store. Every failure ends here: it is told, and the store is tried again. Outside
    /// of it, time is this machine's; inside, the store's.
    pub(super) async fn pass(
        self: &Arc<Self>,
        store: &StorePasses,
        now: Timestamp,
        paused: bool,
    ) -> Option<Timestamp> {
        let slot = &store.slot;
        let retry_at = slot.failures.lock().retry_at().map(|at| slot.clock.own(at));
        if let Some(retry_at) = retry_at.filter(|&retry_at| {
            // After a clock that was put back, the wait would last for ever.
            retry_at > now
                && retry_at <= now.saturating_add(self.shared.settings.retry_interval * 2)
        }) {
            return Some(retry_at);
        }
        let mut pass = lock(&store.state).await;
        *store.busy_since.lock() = Some(now);
        let work = AssertUnwindSafe(self.locked_pass(slot, &mut pass, now, paused)).catch_unwind();
        let next = work.await.unwrap_or_else(|_| {
            let error = StoreError::new(StoreErrorKind::Other, "the pass over the store panicked");
            Some(self.store_failed(slot, error, slot.clock.at(now)))
        });
        let next = next.map(|next| slot.clock.own(next));
        *store.busy_since.lock() = None;
        next
    }

    async fn locked_pass(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        pass: &mut PassState,
        now: Timestamp,
        paused: bool,
    ) -> Option<Timestamp> {
        match self.try_pass(slot, pass, now, paused).await {
            Ok(next) => {
                if slot.failures.lock().succeeded() {
                    self.shared.bus.emit(Event::JobStoreRecovered(slot.alias.clone()));
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
        tracing::warn!(store = %slot.alias, error = %error_chain(&error), "the job store failed; it is tried again");
        let error = Arc::new(error);
        let mut longest = self.shared.settings.retry_interval;
        if slot.caps.persistent {
            // As often as the lease is renewed while all is well: it may be about to run out.
            longest = longest.min(self.shared.settings.lease / 3);
        }
        let retry_at = slot.failures.lock().failed(Arc::clone(&error), now, longest);
        self.shared.bus.emit(Event::JobStoreFailed { store: slot.alias.clone(), error });
        retry_at
    }

    async fn try_pass(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        pass: &mut PassState,
        now: Timestamp,
        paused: bool,
    ) -> Result<Option<Timestamp>, StoreError> {
        Self::check_generation(slot, pass)?;
        let now = self.ask_time(slot, pass, now).await?;
        if self.shared.settings.client {
            // Only the time matters to it, for the jobs that it adds.
            return Ok(None);
        }
        if slot.take_changed() {
            pass.asked_at = None;
        }
        // After that: whoever adds a job of a new task registers the task before it says so.
        let filter = slot.filter();
        let node = self.shared.node();
        let silent = pass.renewed_at;
        let now = self.renew(slot, pass, &node, &filter, now).await?;
        if self.settle(slot, now).await? {
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
        let flush = Self::keep_history(slot, pass, now).await?;
        wakeup = wakeup.into_iter().chain(flush).min();
        pass.holds_runs = self.runs.has_recorded();
        Ok(wakeup)
    }

    /// When a store has to be looked at even if nothing is due: to keep the lease of runs under way, and
    /// to see what other processes have changed or left behind.
    fn next_look(&self, slot: &Slot, now: Timestamp) -> Option<Timestamp> {
        let lease = self.shared.settings.lease / 3;
        let wait = match (slot.caps.shared, self.runs.has_recorded()) {
            (true, _) if slot.is_watched() => lease,
            (true, true) => lease.min(self.shared.settings.poll_interval),
            (true, false) => self.shared.settings.poll_interval,
            (false, true) if slot.caps.persistent => lease,
            _ => return None,
        };
        Some(now.saturating_add(wait))
    }
}
