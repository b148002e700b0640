//! One pass over one store.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;

use futures_util::FutureExt;
use punctual_core::{Event, StoreError, StoreErrorKind, Timestamp};
use tracing::Span;
use tracing::level_filters::LevelFilter;

use super::PassRunner;
use super::settle::Settle;
use super::state::{PassState, StorePassRunner, lock};
use crate::store::RegisteredStore;

impl PassRunner {
    /// Makes a pass over one store. Errors are not propagated: they are reported as events and the store is retried.
    /// Callers pass local time; the pass itself uses store time.
    pub(super) async fn pass(
        self: &Arc<Self>,
        runner: &StorePassRunner,
        now: Timestamp,
        paused: bool,
    ) -> Option<Timestamp> {
        let store = &runner.store;
        let retry_at = store.failures.lock().retry_at().map(|at| store.clock.to_local(at));
        if let Some(retry_at) = retry_at.filter(|&retry_at| {
            // If the clock was set back, the delay would never end without the second condition.
            retry_at > now
                && retry_at <= now.saturating_add(self.shared.settings.max_retry_delay * 2)
        }) {
            return Some(retry_at);
        }
        let mut pass = lock(&runner.state).await;
        *runner.busy_since.lock() = Some(now);
        let work = AssertUnwindSafe(self.locked_pass(store, &mut pass, now, paused)).catch_unwind();
        let ended = in_span(pass_span(store), pin!(work)).await;
        let next = ended.unwrap_or_else(|_| {
            let error =
                StoreError::new(StoreErrorKind::Other, "the pass over the job store panicked");
            Some(self.store_failed(store, error, store.clock.to_store(now)))
        });
        let next = next.map(|next| store.clock.to_local(next));
        *runner.busy_since.lock() = None;
        next
    }

    async fn locked_pass(
        self: &Arc<Self>,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        now: Timestamp,
        paused: bool,
    ) -> Option<Timestamp> {
        match self.try_pass(store, pass, now, paused).await {
            Ok(next) => {
                if store.failures.lock().succeeded() {
                    self.shared.bus.emit(Event::JobStoreRecovered(store.alias.clone()));
                }
                next
            }
            Err(error) => {
                pass.next_due_checked_at = None;
                if error.kind() == StoreErrorKind::Replaced {
                    self.reset_after_replacement(store, pass, store.clock.to_store(now));
                }
                Some(self.store_failed(store, error, store.clock.to_store(now)))
            }
        }
    }

    fn store_failed(
        &self,
        store: &RegisteredStore,
        error: StoreError,
        now: Timestamp,
    ) -> Timestamp {
        let error = Arc::new(error);
        let mut longest = self.shared.settings.max_retry_delay;
        if store.caps.persistent {
            // The lease may be about to expire, so retry at least as often as it is renewed.
            longest = longest.min(self.shared.settings.lease / 3);
        }
        let retry_at = store.failures.lock().failed(Arc::clone(&error), now, longest);
        self.shared.bus.emit(Event::job_store_failed(store.alias.clone(), error));
        retry_at
    }

    async fn try_pass(
        self: &Arc<Self>,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        now: Timestamp,
        paused: bool,
    ) -> Result<Option<Timestamp>, StoreError> {
        store.set_next_pass(None);
        Self::check_generation(store, pass)?;
        let now = self.sync_clock_if_stale(store, pass, now).await?;
        if self.shared.settings.client_only {
            // A client uses only the store's time, for the jobs that it adds.
            return Ok(None);
        }
        if store.take_changed() {
            pass.next_due_checked_at = None;
        }
        // Read the filter after clearing the changed flag: adding a job registers its task before it sets the flag.
        let filter = store.filter();
        let node = self.shared.node();
        let last_renewed_at = pass.renewed_at;
        let is_required = !paused && self.needs_new_lease(pass, store.clock.to_store(now));
        let now = self.renew(store, pass, (&node, &filter), now, is_required).await?;
        self.begin_grace_period_after_outage(store, pass, last_renewed_at, now);
        // In this order: a completion may refer to a run that an unconfirmed commit records.
        self.retry_unconfirmed(store, pass, now).await?;
        if self.commit_completions(store, now).await? {
            pass.next_due_checked_at = None;
        }
        self.cancel_requested(store, pass, now).await?;
        if !paused && self.may_recover_own_runs(pass, now) {
            // Runs in progress must not be mistaken for orphans.
            self.settle(store, pass, Settle::All, now).await?;
            self.commit_completions(store, now).await?;
            self.recover_own_runs(store, pass, &node, &filter, now).await?;
        }
        self.check_zones(store).await?;
        let mut wakeup = self.next_required_pass(store, now);
        let may_take_over = self.may_take_over(pass, now);
        if !paused {
            if may_take_over {
                self.take_over(store, pass, &node, &filter, now).await?;
                pass.orphans_reported = false;
            }
            let retry_at = self.start_due_retries(store, pass, now).await?;
            let next = self.run_due(store, pass, &node, &filter, now).await?;
            wakeup = [wakeup, retry_at, next].into_iter().flatten().min();
            store.set_next_due(pass.next_due);
            store.set_next_pass(pass.next_due.filter(|&due| due > now));
        }
        // Runs that have ended by now need not be recorded.
        self.runs.process_reports(false, store.clock.to_local(now));
        let due = self.settle(store, pass, Settle::Ready, now).await?.filter(|_| !paused);
        wakeup = [wakeup, due, pass.next_settle_at()].into_iter().flatten().min();
        let flush = Self::flush_and_prune_history(store, pass, now).await?;
        wakeup = wakeup.into_iter().chain(flush).min();
        pass.had_guarded_runs = self.has_guarded_runs(store, pass);
        Ok(wakeup)
    }

    /// Latest time of the next pass, independent of due jobs: for the lease of recorded runs, and to detect changes and
    /// orphaned runs of other processes.
    fn next_required_pass(&self, store: &RegisteredStore, now: Timestamp) -> Option<Timestamp> {
        let lease = self.shared.settings.lease / 3;
        let wait = match (store.caps.shared, self.runs.has_guarded()) {
            (true, _) if store.is_watched() => lease,
            (true, true) => lease.min(self.shared.settings.poll_interval),
            (true, false) => self.shared.settings.poll_interval,
            (false, true) if store.caps.persistent => lease,
            _ => return None,
        };
        Some(now.saturating_add(wait))
    }
}

/// The span of a pass; disabled, at the cost of one comparison, if no subscriber receives this level.
fn pass_span(store: &RegisteredStore) -> Span {
    if LevelFilter::current() < LevelFilter::TRACE {
        return Span::none();
    }
    tracing::trace_span!(target: "punctual::scheduler", "pass", store = %store.alias)
}

/// Like `Instrument`, but does not move the future, which is large.
async fn in_span<F: Future>(span: Span, mut work: Pin<&mut F>) -> F::Output {
    poll_fn(|context| {
        let _entered = span.enter();
        work.as_mut().poll(context)
    })
    .await
}
