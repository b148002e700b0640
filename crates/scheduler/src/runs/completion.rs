//! Run completion: processes the reports of completed runs.

use punctual_core::{
    CommitAction, Event, Fence, HistoryRecord, InFlightRun, JobId, NodeId, ProcessTermination,
    RunEvent, RunId, RunOutcome, SkippedFireTimes, TaskName, Timestamp, log_warning,
};

use super::RunTracker;
use super::active::{ActiveRun, LeftRun};
use crate::shared::metrics;
use crate::store::{RegisteredStore, RunGuard, RunRetry};

impl RunTracker {
    /// Processes the reports received since the last call.
    ///
    /// Recorded runs that no executor completed keep their record. They are retried, or, if `stopping`, taken
    /// over after a later start or by other nodes.
    pub(crate) fn process_reports(&self, stopping: bool, now: Timestamp) {
        let mut reports = self.reports.take();
        if reports.is_empty() {
            return;
        }
        let node = self.shared.node();
        for report in reports.drain(..) {
            let event = report.event;
            let outcome = event.outcome.as_ref();
            let ended = match outcome {
                None | Some(RunOutcome::Lost | RunOutcome::Refused(_)) => false,
                // Cancelled by the shutdown of the scheduler.
                Some(RunOutcome::Killed(ProcessTermination::Cancelled(_))) => {
                    !(stopping || self.active.lock().is_interrupted(event.run_id, false))
                }
                // Also if its task fails therefore: another process repeats the run.
                Some(RunOutcome::Failed(_) | RunOutcome::Panicked(_)) => {
                    !self.active.lock().is_interrupted(event.run_id, stopping)
                }
                Some(_) => true,
            };
            if outcome.is_some_and(|outcome| !outcome.is_success()) {
                self.plan_retry(&event, ended, now);
            }
            let is_taken_over_later =
                !ended && self.active.lock().is_taken_over_later(event.run_id);
            let retry_delay = self.shared.settings.max_retry_delay;
            let retry = |run: &ActiveRun, fence| {
                let at = run.store.clock.to_store(now).saturating_add(retry_delay);
                // Otherwise the run stays recorded for the node that takes it over.
                (!(stopping || is_taken_over_later) || !run.store.caps.persistent)
                    .then(|| retry_of(&event, run, fence, node.clone(), at))
            };
            // Until its commit is queued: a recovery of own runs must find the run in one of the two.
            let mut active = self.active.lock();
            let Some((mut run, after)) =
                active.remove(event.run_id, (!ended).then_some(&retry as _))
            else {
                // Report of a run from before the last restart. Its stale fence prevents any change in the store.
                continue;
            };
            let now = run.store.clock.to_store(now);
            let ended = ended || run.superseded;
            match run.guard {
                RunGuard::Record(fence) if ended => {
                    let action = CommitAction::ClearRun { run_id: event.run_id };
                    run.store.queue_commit(run.stored_id(), &run.task, fence, action);
                }
                RunGuard::Record(fence) => {
                    if let Some(retry) = retry(&run, fence) {
                        run.store.pending.schedule_retry(retry);
                    }
                }
                RunGuard::Claim(..) => run.store.pending.set_claims_ended(),
                RunGuard::None | RunGuard::Ended => {}
            }
            drop(active);
            // The outcome of the attempt is not known yet if another node takes the run over, unless its task returned.
            let is_open = !ended && stopping && run.is_repeated();
            let has_returned =
                matches!(event.outcome, Some(RunOutcome::Failed(_) | RunOutcome::Panicked(_)));
            let is_known = !is_open || has_returned;
            self.wake_waiting(&run, after.woken, now);
            let job = event.job.clone();
            let awaited = run.take_waiter().map(|waiter| (waiter, event.outcome.clone()));
            if !run.is_reported() {
                self.report_end(&run.store, &run.task, event, is_known, now);
            }
            if let Some((waiter, Some(outcome))) = awaited {
                waiter.deliver(outcome);
            }
            if after.removed {
                self.emit_job_removed(&run.store, job, &run.task);
            }
            if run.retry_id().is_some() && !run.store.caps.persistent {
                self.shared.release_closure(&run.task);
            }
        }
        self.reports.recycle(reports);
        self.ended.notify_waiters();
    }

    /// Makes the jobs due again that have waited for the end of the run.
    fn wake_waiting(&self, run: &ActiveRun, woken: Vec<(JobId, Fence)>, now: Timestamp) {
        for (id, fence) in woken {
            let action = CommitAction::BringForward { due_at: now };
            run.store.queue_commit(&id, &run.task, fence, action);
        }
    }

    /// Releases a reserved run that is not started. Returns the fence of its record, if it is recorded.
    pub(crate) fn release_reservation(&self, run: RunId, now: Timestamp) -> Option<Fence> {
        let (run, after) = self.active.lock().remove(run, None)?;
        self.wake_waiting(&run, after.woken, now);
        if after.removed {
            self.emit_job_removed(&run.store, run.reference(), &run.task);
        }
        self.ended.notify_waiters();
        self.shared.wake.wake();
        match run.guard {
            RunGuard::Record(fence) => Some(fence),
            RunGuard::Claim(..) | RunGuard::Ended | RunGuard::None => None,
        }
    }

    /// Reports the runs that are still executing at the end of a shutdown: nothing processes their reports any more. Those that
    /// other processes repeat only in the log; the others are lost.
    pub(crate) fn report_left(&self) {
        let left = self.active.lock().left();
        for left in left {
            let LeftRun { store, task, mut event, is_repeated } = left;
            if is_repeated {
                log_warning(&format_args!(
                    "{event}, did not end before the shutdown: it is repeated"
                ));
                continue;
            }
            event.outcome = Some(RunOutcome::Lost);
            self.plan_retry(&event, false, self.shared.clock.now());
            self.active.lock().mark_reported(event.run_id);
            let now = store.now();
            self.report_end(&store, &task, event, true, now);
        }
    }

    /// Adds the end of a run to the history, if `is_known`, and to the metrics, and emits it.
    fn report_end(
        &self,
        store: &RegisteredStore,
        task: &TaskName,
        event: RunEvent,
        is_known: bool,
        now: Timestamp,
    ) {
        if let Some(history) = store.history.as_ref().filter(|_| is_known) {
            history.record(HistoryRecord::new(&event, task.clone(), self.shared.node(), now), now);
        }
        metrics::run_ended(task, &event);
        let event = match &event.outcome {
            Some(RunOutcome::Success(_)) => Event::JobExecuted(event),
            Some(RunOutcome::Missed) => SkippedFireTimes::missed_run(event).into_event(),
            _ => Event::JobError(event),
        };
        self.shared.bus.emit(event);
    }
}

/// The retry of a run that no executor completed, and that is recorded with this fence.
fn retry_of(
    event: &RunEvent,
    failed: &ActiveRun,
    fence: Fence,
    node: NodeId,
    at: Timestamp,
) -> RunRetry {
    let run = InFlightRun {
        run_id: event.run_id,
        scheduled_time: event.scheduled_time,
        attempt: failed.attempt.saturating_add(1),
        node,
        fence: fence.next(),
    };
    let has_started = event.started.is_some() || failed.has_no_deadline;
    RunRetry { at, job: failed.stored_id().clone(), fence, run, has_started }
}
