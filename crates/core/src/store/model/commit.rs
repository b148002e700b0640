//! Commits.

use super::StoredJob;
use crate::store::{CommitAction, CommitOutcome, Fence, InFlightRun, RunId, Schedule};
use crate::time::Timestamp;

/// Whether a claim can be settled.
enum Settling {
    /// It is open, and was taken.
    Open,
    /// It was settled before.
    Repeated,
    /// It ended unsettled, or there never was one.
    Stale,
}

impl StoredJob {
    /// Carries out what a commit for this job does. After [`CommitOutcome::Removed`] the record has to be
    /// removed.
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
                job.make_due(due_at);
                job.record.claims = job.record.claims.saturating_sub(1);
            }),
            CommitAction::Hasten { due_at } => self.hasten(fence, due_at),
            CommitAction::Start { runs } => self.start_unscheduled(fence, runs),
            CommitAction::ClearRun { run_id } => self.clear_run(fence, run_id),
            CommitAction::RetryRun { run } => self.retry_run(fence, run),
        }
    }

    /// Carries out what settles the claim with this fence, if it has not been settled.
    fn settle(&mut self, fence: Fence, change: impl FnOnce(&mut Self)) -> CommitOutcome {
        match self.take_claim(fence) {
            Settling::Open => {
                change(self);
                self.outcome()
            }
            Settling::Repeated => CommitOutcome::Done,
            Settling::Stale => CommitOutcome::Stale,
        }
    }

    fn take_claim(&mut self, fence: Fence) -> Settling {
        if fence == self.record.fence && self.claim.take().is_some() {
            return Settling::Open;
        }
        // Fences rise with each claim; those between the last one that was lost and the one that is open now,
        // if one is, have all been settled.
        if self.lost < fence && fence <= self.record.fence {
            return Settling::Repeated;
        }
        Settling::Stale
    }

    fn hasten(&mut self, fence: Fence, due_at: Timestamp) -> CommitOutcome {
        if fence != self.record.fence {
            return CommitOutcome::Stale;
        }
        if self.claim.is_none() && self.record.schedule.is_some_and(|own| due_at < own.due_at) {
            self.make_due(due_at);
        }
        CommitOutcome::Done
    }

    fn start_unscheduled(&mut self, fence: Fence, runs: Vec<InFlightRun>) -> CommitOutcome {
        if fence != self.record.fence {
            let is_recorded = |run: &InFlightRun| self.run_at(run.run_id).is_ok();
            let repeated = !runs.is_empty() && runs.iter().all(is_recorded);
            return if repeated { CommitOutcome::Done } else { CommitOutcome::Stale };
        }
        self.end_claim();
        self.record.fence = self.record.fence.next();
        self.start(runs);
        CommitOutcome::Done
    }

    fn clear_run(&mut self, fence: Fence, run_id: RunId) -> CommitOutcome {
        match self.run_at(run_id) {
            Ok(place) if self.runs[place].fence == fence => {
                self.runs.remove(place);
                self.count_runs();
                self.outcome()
            }
            _ => CommitOutcome::Stale,
        }
    }

    fn retry_run(&mut self, fence: Fence, run: InFlightRun) -> CommitOutcome {
        let Ok(place) = self.run_at(run.run_id) else { return CommitOutcome::Stale };
        let recorded = &mut self.runs[place];
        if recorded.fence == fence && run.fence > fence {
            *recorded = run;
        } else if *recorded != run {
            return CommitOutcome::Stale;
        }
        CommitOutcome::Done
    }

    /// Records runs; one that is recorded stays as it is.
    fn start(&mut self, runs: Vec<InFlightRun>) {
        for run in runs {
            if let Err(place) = self.run_at(run.run_id) {
                self.runs.insert(place, run);
            }
        }
        self.count_runs();
    }

    /// Moves the instant from which the job may be claimed, but not before its time.
    fn make_due(&mut self, due_at: Timestamp) {
        let moved = |own: Schedule| Schedule { due_at: due_at.max(own.next_run_time), ..own };
        self.record.schedule = self.record.schedule.map(moved);
    }

    fn outcome(&self) -> CommitOutcome {
        if self.is_over() { CommitOutcome::Removed } else { CommitOutcome::Done }
    }
}
