//! Carrying out a commit.

use punctual_core::{
    Commit, CommitAction, CommitOutcome, Fence, InFlightRun, RunId, Schedule, Timestamp,
};

use crate::jobs::Slot;
use crate::state::State;

impl State {
    pub(crate) fn commit(&mut self, commit: Commit) -> CommitOutcome {
        let Some(slot) = self.jobs.find(&commit.id) else {
            return CommitOutcome::Stale;
        };
        if let CommitAction::ClearRun { run_id } = commit.action {
            return self.clear_run(slot, run_id, commit.fence);
        }
        if self.jobs.at(slot).is_none_or(|record| record.fence != commit.fence) {
            return CommitOutcome::Stale;
        }
        match commit.action {
            CommitAction::Advance { schedule, fire_count, start } => {
                self.jobs.reschedule(slot, Some(schedule));
                if let Some(record) = self.jobs.at_mut(slot) {
                    record.fire_count = fire_count;
                }
                self.start(slot, start);
            }
            CommitAction::Finish { start } => {
                self.start(slot, start);
                return self.finish(slot);
            }
            CommitAction::Postpone { due_at } => self.postpone(slot, due_at),
            CommitAction::Start { runs } => {
                self.start(slot, runs);
                self.jobs.release(slot);
            }
            // An action that a newer core knows and this store doesn't.
            _ => return CommitOutcome::Stale,
        }
        CommitOutcome::Done
    }

    fn start(&mut self, slot: Slot, runs: Vec<InFlightRun>) {
        let mut new = 0;
        for run in runs {
            new += u32::from(self.runs.record(slot, run));
        }
        if let Some(record) = self.jobs.at_mut(slot) {
            record.in_flight += new;
        }
    }

    fn finish(&mut self, slot: Slot) -> CommitOutcome {
        self.jobs.reschedule(slot, None);
        if let Some(record) = self.jobs.at_mut(slot) {
            record.finished = true;
        }
        self.remove_if_over(slot)
    }

    fn postpone(&mut self, slot: Slot, due_at: Timestamp) {
        let schedule = self.jobs.at(slot).and_then(|record| record.schedule);
        self.jobs.reschedule(slot, schedule.map(|schedule| Schedule { due_at, ..schedule }));
    }

    fn clear_run(&mut self, slot: Slot, run_id: RunId, fence: Fence) -> CommitOutcome {
        if !self.runs.clear(slot, run_id, fence) {
            return CommitOutcome::Stale;
        }
        if let Some(record) = self.jobs.at_mut(slot) {
            record.in_flight -= 1;
        }
        self.remove_if_over(slot)
    }

    /// A finished job leaves with its last run.
    fn remove_if_over(&mut self, slot: Slot) -> CommitOutcome {
        if self.jobs.at(slot).is_some_and(|record| record.finished && record.in_flight == 0) {
            self.jobs.remove(slot);
            return CommitOutcome::Removed;
        }
        CommitOutcome::Done
    }
}
