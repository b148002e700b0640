//! Commits.

use super::StoredJob;
use crate::store::{CommitAction, CommitOutcome, Fence, InFlightRun, RunId, Schedule};
use crate::time::Timestamp;

/// The state of the claim whose fence a commit contains.
enum ClaimStatus {
    /// The claim was open and has been consumed.
    Open,
    /// The claim was settled by an earlier commit.
    AlreadySettled,
    /// The claim was invalidated before it was settled, or never existed.
    Stale,
}

impl StoredJob {
    /// Applies a commit for this job. After [`CommitOutcome::Removed`] the caller must delete the record.
    pub fn commit(&mut self, fence: Fence, action: CommitAction) -> CommitOutcome {
        match action {
            CommitAction::Advance { schedule, fire_count, start } => self.settle(fence, |job| {
                job.record.schedule = Some(schedule);
                job.record.fire_count = fire_count;
                job.record.claims = 0;
                job.start(start);
            }),
            CommitAction::Finish { start } => self.settle(fence, |job| {
                job.record.schedule = None;
                job.record.finished = true;
                job.record.claims = 0;
                job.start(start);
            }),
            CommitAction::Postpone { due_at } => self.settle(fence, |job| {
                job.set_due_at(due_at);
                job.record.claims = job.record.claims.saturating_sub(1);
            }),
            CommitAction::BringForward { due_at } => self.bring_forward(fence, due_at),
            CommitAction::Start { runs } => self.start_unscheduled(fence, runs),
            CommitAction::ClearRun { run_id } => self.clear_run(fence, run_id),
            CommitAction::RetryRun { run } => self.retry_run(fence, run),
        }
    }

    /// Applies a change that settles the claim with this fence, if it is open.
    fn settle(&mut self, fence: Fence, change: impl FnOnce(&mut Self)) -> CommitOutcome {
        match self.consume_claim(fence) {
            ClaimStatus::Open => {
                change(self);
                self.outcome()
            }
            ClaimStatus::AlreadySettled => CommitOutcome::Done,
            ClaimStatus::Stale => CommitOutcome::Stale,
        }
    }

    fn consume_claim(&mut self, fence: Fence) -> ClaimStatus {
        if fence == self.record.fence && self.claim.take().is_some() {
            return ClaimStatus::Open;
        }
        // Fences increase with each claim. All claims with fences between the last invalidated one and the current
        // one, if it is open, have been settled.
        if self.last_unsettled_fence < fence && fence <= self.record.fence {
            return ClaimStatus::AlreadySettled;
        }
        ClaimStatus::Stale
    }

    fn bring_forward(&mut self, fence: Fence, due_at: Timestamp) -> CommitOutcome {
        if fence != self.record.fence {
            return CommitOutcome::Stale;
        }
        if self.claim.is_none() && self.record.schedule.is_some_and(|own| due_at < own.due_at) {
            self.set_due_at(due_at);
        }
        CommitOutcome::Done
    }

    fn start_unscheduled(&mut self, fence: Fence, runs: Vec<InFlightRun>) -> CommitOutcome {
        if fence != self.record.fence {
            let is_recorded = |run: &InFlightRun| self.find_run(run.run_id).is_ok();
            let repeated = !runs.is_empty() && runs.iter().all(is_recorded);
            return if repeated { CommitOutcome::Done } else { CommitOutcome::Stale };
        }
        self.invalidate_claim();
        self.record.fence = self.record.fence.next();
        self.start(runs);
        CommitOutcome::Done
    }

    fn clear_run(&mut self, fence: Fence, run_id: RunId) -> CommitOutcome {
        match self.find_run(run_id) {
            Ok(index) if self.runs[index].fence == fence => {
                self.runs.remove(index);
                self.update_in_flight();
                self.outcome()
            }
            _ => CommitOutcome::Stale,
        }
    }

    fn retry_run(&mut self, fence: Fence, run: InFlightRun) -> CommitOutcome {
        let Ok(index) = self.find_run(run.run_id) else { return CommitOutcome::Stale };
        let recorded = &mut self.runs[index];
        if recorded.fence == fence && run.fence > fence {
            *recorded = run;
        } else if *recorded != run {
            return CommitOutcome::Stale;
        }
        CommitOutcome::Done
    }

    /// Records runs. A run that is already recorded is not modified.
    fn start(&mut self, runs: Vec<InFlightRun>) {
        for run in runs {
            if let Err(index) = self.find_run(run.run_id) {
                self.runs.insert(index, run);
            }
        }
        self.update_in_flight();
    }

    /// Sets the due time, but not earlier than the run time.
    fn set_due_at(&mut self, due_at: Timestamp) {
        let moved = |own: Schedule| Schedule { due_at: due_at.max(own.next_run_time), ..own };
        self.record.schedule = self.record.schedule.map(moved);
    }

    fn outcome(&self) -> CommitOutcome {
        if self.is_removable() { CommitOutcome::Removed } else { CommitOutcome::Done }
    }
}
