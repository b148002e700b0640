//! What was decided, after its commit: runs are started, and what is passed over is told.

use std::sync::Arc;

use punctual_core::{
    CommitOutcome, Event, HistoryEntry, JobRecord, RunEvent, RunOutcome, SkipReason, SkippedRuns,
    Timestamp,
};

use super::Passes;
use super::planned::Planned;
use crate::plan::Skipped;
use crate::store::Slot;

impl Passes {
    /// Does what was planned, after its commit.
    pub(super) fn carry_out(&self, slot: &Arc<Slot>, job: Planned, outcome: CommitOutcome) {
        if outcome == CommitOutcome::Stale {
            tracing::debug!(job = %job.record.id, "somebody else changed or claimed the job first");
            return;
        }
        for skipped in job.skipped {
            self.tell_skipped(slot, &job.record, skipped);
        }
        if let Some(resolved) = &job.resolved {
            for run in job.runs {
                let time = run.scheduled_time;
                if !self.runs.submit(slot, &job.record, resolved, run) {
                    // A user has started a run since it was planned.
                    let reason = SkipReason::MaxInstances;
                    self.tell_skipped(
                        slot,
                        &job.record,
                        Skipped { first: time, last: time, reason },
                    );
                }
            }
        }
        if outcome == CommitOutcome::Removed {
            self.runs.removed(slot, &job.record.id, &job.record.task);
        } else if job.waiting {
            self.runs.waits(slot, &job.record.id, job.record.fence);
        }
    }

    fn tell_skipped(&self, slot: &Slot, record: &JobRecord, skipped: Skipped) {
        let Skipped { first, last, reason } = skipped;
        let runs = SkippedRuns::new(slot.job_ref(&record.id), first, last, reason);
        self.shared.bus.emit(runs.into_event());
    }

    /// Tells of what is passed over, and of runs that will not begin here: their commit was in doubt until others could
    /// have the job, and no record says whether it was carried out.
    pub(super) fn tell_lost(&self, slot: &Slot, job: Planned, now: Timestamp) {
        let (record, node) = (&job.record, self.shared.node());
        for skipped in job.skipped {
            self.tell_skipped(slot, record, skipped);
        }
        for run in &job.runs {
            let mut event = RunEvent::of(&self.runs.context(slot, record, run));
            event.outcome = Some(RunOutcome::Lost);
            tracing::warn!(
                store = %slot.alias, job = %record.id, due = %run.scheduled_time,
                "a run is lost: its commit was in doubt for too long"
            );
            if let Some(history) = &slot.history {
                let entry = HistoryEntry::new(&event, record.task.clone(), node.clone(), now);
                history.record(entry, now);
            }
            self.shared.bus.emit(Event::JobError(event));
        }
    }
}
