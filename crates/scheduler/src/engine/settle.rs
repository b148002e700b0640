//! From the reports of runs that have ended to what follows from it.

use std::sync::Arc;

use punctual_core::{
    Commit, CommitAction, CommitBatch, CommitOutcome, Event, Fence, HistoryEntry, InFlightRun,
    JobRef, Killed, MissReason, NodeId, RunEvent, RunOutcome, SkippedRuns, StoreError, Timestamp,
};

use super::Engine;
use super::active::{ActiveRun, JobRuns};
use super::slot::{Again, Settling, Slot};

/// How many changes go with one call.
const MAX_CHANGES: usize = 5_000;

impl Engine {
    /// Deals with the runs that have ended since the last time.
    ///
    /// Runs that never came to an end keep their record: they are tried again, or, when this scheduler is
    /// stopping, left to whoever runs next.
    pub(super) fn settle_reports(&self, stopping: bool, now: Timestamp) {
        let mut reports = self.reports.take();
        if reports.is_empty() {
            return;
        }
        let node = self.node.lock().clone();
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
                    let at = now.saturating_add(self.settings.retry_interval);
                    run.slot.again.lock().push(again(&event, fence, node.clone(), at));
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
    pub(super) fn wake_waiting(&self, run: &ActiveRun, known: &JobRuns, now: Timestamp) {
        if let Some(fence) = known.waiting {
            let action = CommitAction::Hasten { due_at: now };
            run.slot.settle(run.context.job_id(), &run.task, fence, action);
        }
    }

    fn emit_end(&self, event: RunEvent) {
        let event = match &event.outcome {
            Some(RunOutcome::Success(_)) => Event::JobExecuted(event),
            Some(RunOutcome::Missed) => Event::JobMissed(SkippedRuns::new(
                event.job,
                event.scheduled_time,
                event.scheduled_time,
                MissReason::TooLate,
            )),
            _ => Event::JobError(event),
        };
        self.bus.emit(event);
    }

    /// Makes the changes that follow from ended runs; whether something may be due sooner by them.
    pub(super) async fn commit_settling(
        &self,
        slot: &Arc<Slot>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut changes = Changes::taken_from(slot);
        if changes.all.is_empty() {
            return Ok(false);
        }
        let mut outcomes = Vec::with_capacity(changes.all.len());
        for part in changes.all.chunks(slot.batch(MAX_CHANGES)) {
            let commits = part.iter().map(|change| change.commit.clone()).collect();
            outcomes.extend(self.commit_with_history(slot, commits, now).await?);
        }
        for (change, outcome) in changes.all.iter().zip(&mut outcomes) {
            // Carried out the time before, perhaps with the job's last run.
            if change.uncertain
                && change.clears()
                && *outcome == CommitOutcome::Stale
                && slot.store.get(&change.commit.id).await.is_ok_and(|job| job.is_none())
            {
                *outcome = CommitOutcome::Removed;
            }
        }
        let mut sooner = false;
        for (change, outcome) in std::mem::take(&mut changes.all).into_iter().zip(outcomes) {
            if outcome == CommitOutcome::Removed {
                let job = JobRef { job_id: change.commit.id, job_store: slot.alias.clone() };
                self.job_left(slot, job, &change.task);
            } else {
                sooner |= !change.clears();
            }
        }
        Ok(sooner)
    }

    /// Commits, and takes along what waits to be written down.
    pub(super) async fn commit_with_history(
        &self,
        slot: &Slot,
        commits: Vec<Commit>,
        now: Timestamp,
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        let Some(leaving) = slot.leaving_history(slot.history_batch(self.settings.batch), now)
        else {
            return slot.store.commit(commits.into()).await;
        };
        let result = slot.store.commit(CommitBatch::new(commits, leaving.entries())).await;
        leaving.settle(slot, result.as_ref().err());
        result
    }

    /// A job has left its store, and its last run has ended.
    pub(super) fn job_left(&self, slot: &Slot, job: JobRef, task: &punctual_core::TaskName) {
        if !slot.caps.persistent {
            self.tasks.write().forget_closure(task);
        }
        self.bus.emit(Event::JobRemoved(job));
    }
}

/// The next attempt at a run that was not brought to an end, and has the fence of the last one.
fn again(event: &RunEvent, fence: Fence, node: NodeId, at: Timestamp) -> Again {
    let run = InFlightRun {
        run_id: event.run_id,
        scheduled_time: event.scheduled_time,
        attempt: event.attempt.saturating_add(1),
        node,
        fence: fence.next(),
    };
    Again { at, job: event.job.job_id.clone(), fence, run, begun: event.started.is_some() }
}

/// Changes on their way into the store. They wait on unless they have been answered for, also when the call is
/// cut off; then nobody knows whether they were made.
struct Changes<'s> {
    slot: &'s Slot,
    all: Vec<Settling>,
}

impl<'s> Changes<'s> {
    fn taken_from(slot: &'s Slot) -> Self {
        let all = std::mem::take(&mut *slot.settling.lock());
        Self { slot, all }
    }
}

impl Drop for Changes<'_> {
    fn drop(&mut self) {
        let again = self.all.drain(..).map(|change| Settling { uncertain: true, ..change });
        self.slot.settling.lock().splice(0..0, again);
    }
}
