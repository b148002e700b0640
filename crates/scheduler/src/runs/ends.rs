//! From the reports of runs that have ended to what follows from it.

use punctual_core::{
    CommitAction, Event, Fence, HistoryEntry, InFlightRun, Killed, NodeId, RunEvent, RunId,
    RunOutcome, SkipReason, SkippedRuns, Timestamp,
};

use super::Runs;
use super::active::{ActiveRun, JobRuns};
use crate::store::Again;

impl Runs {
    /// Deals with the runs that have ended since the last time.
    ///
    /// Runs that never came to an end keep their record: they are tried again, or, when this scheduler is
    /// stopping, left to whoever runs next.
    pub(crate) fn settle_reports(&self, stopping: bool, now: Timestamp) {
        let mut reports = self.reports.take();
        if reports.is_empty() {
            return;
        }
        let node = self.shared.node();
        for report in reports.drain(..) {
            let event = report.event;
            let Some((run, known)) = self.active.lock().remove(event.run_id) else {
                // From before a restart of this scheduler: the fences see to the rest.
                continue;
            };
            let now = run.slot.clock.at(now);
            let outcome = event.outcome.as_ref();
            let ended = match outcome {
                None | Some(RunOutcome::Lost | RunOutcome::Refused(_)) => false,
                // Cut short by the shutdown, not by anything of its own.
                Some(RunOutcome::Killed(Killed::Cancelled(_))) => !stopping,
                Some(_) => true,
            };
            // When it is left to whoever runs next, nobody knows yet what becomes of the attempt.
            let left = run.recorded.is_some() && !ended && stopping && run.slot.caps.persistent;
            if let Some(fence) = run.recorded {
                if ended {
                    let action = CommitAction::ClearRun { run_id: event.run_id };
                    run.slot.settle(&event.job.job_id, &run.task, fence, action);
                } else if !left {
                    let at = now.saturating_add(self.shared.settings.retry_interval);
                    run.slot.waiting.try_again(again(
                        &event,
                        (fence, run.attempt),
                        node.clone(),
                        at,
                    ));
                }
            }
            if let Some(history) = run.slot.history.as_ref().filter(|_| !left) {
                let entry = HistoryEntry::new(&event, run.task.clone(), node.clone(), now);
                history.record(entry, now);
            }
            self.wake_waiting(&run, &known, now);
            let job = event.job.clone();
            self.emit_end(event);
            if known.removed {
                self.job_left(&run.slot, job, &run.task);
            }
        }
        self.reports.give_back(reports);
        self.ended.notify_waiters();
    }

    /// Lets run times that waited for the end of this run be looked at at once.
    fn wake_waiting(&self, run: &ActiveRun, known: &JobRuns, now: Timestamp) {
        if let Some(fence) = known.waiting {
            let action = CommitAction::BringForward { due_at: now };
            run.slot.settle(run.context.job_id(), &run.task, fence, action);
        }
    }

    /// Takes back a run that counted as under way and does not start; returns the fence of its record, if it has one.
    pub(crate) fn withdraw(&self, run: RunId, now: Timestamp) -> Option<Fence> {
        let (run, known) = self.active.lock().remove(run)?;
        self.wake_waiting(&run, &known, now);
        if known.removed {
            self.job_left(&run.slot, run.reference(), &run.task);
        }
        self.ended.notify_waiters();
        self.shared.wake.wake();
        run.recorded
    }

    fn emit_end(&self, event: RunEvent) {
        let event = match &event.outcome {
            Some(RunOutcome::Success(_)) => Event::JobExecuted(event),
            Some(RunOutcome::Missed) => {
                let time = event.scheduled_time;
                SkippedRuns::new(event.job, time, time, SkipReason::TooLate).into_event()
            }
            _ => Event::JobError(event),
        };
        self.shared.bus.emit(event);
    }
}

/// The next attempt at a run that was not brought to an end, and is recorded with this fence and attempt.
fn again(event: &RunEvent, (fence, attempt): (Fence, u32), node: NodeId, at: Timestamp) -> Again {
    let run = InFlightRun {
        run_id: event.run_id,
        scheduled_time: event.scheduled_time,
        attempt: attempt.saturating_add(1),
        node,
        fence: fence.next(),
    };
    Again { at, job: event.job.job_id.clone(), fence, run, begun: event.started.is_some() }
}
