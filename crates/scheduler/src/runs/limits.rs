//! Time limits of runs in progress: the timeouts of their jobs, and the grace time after their cancellation was requested.
//!
//! A run with a timeout is checked when the timeout has elapsed since its submission. If it started later, or has not
//! started, it is checked again: no message about the start is needed, and a run without a limit costs nothing.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{CancelReason, JobContext, JobId, RunEvent, RunId, Timestamp};

use super::RunTracker;
use super::active::ActiveRuns;
use crate::store::RegisteredStore;

/// How long after it was aborted a run is logged that has not ended: the future of an async task is dropped at once.
const ABORT_DELAY: Duration = Duration::from_secs(1);

/// What happens to a run whose limit is reached.
enum Limit {
    /// Its timeout has elapsed: its cancellation is requested.
    Timeout(JobContext),
    /// It has not ended in time after its cancellation was requested.
    Grace(JobContext),
}

impl RunTracker {
    /// Requests cancellation of the runs whose timeouts have elapsed, and ends those that have been cancelled for longer than the
    /// grace time. Returns the local time of the next check.
    pub(crate) fn enforce_limits(&self, now: Timestamp) -> Option<Timestamp> {
        let mut reached = Vec::new();
        let mut active = self.active.lock();
        while let Some(run) = active.take_limit_until(now) {
            let Some((context, store)) = active.context_of(run) else { continue };
            match (context.cancel_reason(), context.timeout()) {
                (None, Some(timeout)) => {
                    let started = context.started().map(|started| store.clock.to_local(started));
                    let ends = started.unwrap_or(now).saturating_add(timeout);
                    if started.is_some() && ends <= now {
                        reached.push(Limit::Timeout(context));
                    } else {
                        active.set_limit(run, ends);
                    }
                }
                // A shutdown has a grace time of its own for the runs that it cancels.
                (None, None) | (Some(CancelReason::Shutdown), _) => {}
                (Some(_), _) => reached.push(Limit::Grace(context)),
            }
        }
        drop(active);
        for limit in reached {
            match limit {
                Limit::Timeout(context) => {
                    self.cancel_for(&context, CancelReason::Timeout, now);
                }
                Limit::Grace(context) if !context.is_aborted() => {
                    context.abort();
                    let ends = now.saturating_add(ABORT_DELAY);
                    self.active.lock().set_limit(context.run_id(), ends);
                }
                Limit::Grace(context) => {
                    self.shared.bus.failure_log.not_ended(&RunEvent::of(&context));
                }
            }
        }
        self.active.lock().next_limit()
    }

    /// Requests cancellation of a run in progress for a user. Returns `false` if there is no such run in this process.
    pub(crate) fn cancel(&self, run: RunId) -> bool {
        let found = self.active.lock().context_of(run);
        let Some((context, _)) = found else { return false };
        if self.cancel_for(&context, CancelReason::User, self.shared.clock.now()) {
            // The end of the grace time may be earlier than what the driver waits for.
            self.shared.wake.wake();
        }
        true
    }

    /// Requests cancellation of the oldest runs of a job in this process: `count` of them, including those that were
    /// cancelled before.
    pub(crate) fn cancel_oldest(&self, store: &Arc<RegisteredStore>, job: &JobId, count: u32) {
        let superseded = self.active.lock().supersede(store, job, count);
        for context in superseded {
            self.cancel_for(&context, CancelReason::Overlap, self.shared.clock.now());
        }
    }

    /// Requests cancellation of a run, and schedules its end after the grace time. Returns whether this is the first request.
    fn cancel_for(&self, context: &JobContext, reason: CancelReason, now: Timestamp) -> bool {
        let is_first = context.cancel_for(reason);
        if is_first {
            // After the request: a limit without one is that of a timeout.
            let ends = now.saturating_add(self.shared.settings.cancel_grace);
            self.active.lock().set_limit(context.run_id(), ends);
        }
        is_first
    }

    /// Schedules the check of the timeout of a run that is submitted now, if it has one.
    pub(super) fn limit_submitted(&self, context: &JobContext) {
        let Some(timeout) = context.timeout() else { return };
        let ends = self.shared.clock.now().saturating_add(timeout);
        let mut active = self.active.lock();
        let is_earliest = active.next_limit().is_none_or(|next| ends < next);
        active.set_limit(context.run_id(), ends);
        drop(active);
        if is_earliest {
            self.shared.wake.wake();
        }
    }
}

impl ActiveRuns {
    /// The local time at which the next limit is checked.
    fn next_limit(&self) -> Option<Timestamp> {
        self.limits.first().map(|(at, _)| *at)
    }

    /// Removes and returns a run whose limit is due.
    fn take_limit_until(&mut self, now: Timestamp) -> Option<RunId> {
        if self.next_limit()? > now {
            return None;
        }
        let (_, run) = self.limits.pop_first()?;
        if let Some(run) = self.runs.get_mut(&run) {
            run.take_limit();
        }
        Some(run)
    }

    /// Sets the local time at which the limits of a run are checked.
    fn set_limit(&mut self, id: RunId, at: Timestamp) {
        if let Some(run) = self.runs.get_mut(&id) {
            if let Some(before) = run.rare_mut().limit.replace(at) {
                self.limits.remove(&(before, id));
            }
            self.limits.insert((at, id));
        }
    }
}
