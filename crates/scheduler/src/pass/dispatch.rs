//! Submits runs and emits events after a commit.

use std::sync::Arc;

use punctual_core::{
    CommitOutcome, Event, HistoryRecord, JobRecord, RunEvent, RunOutcome, SkipReason,
    SkippedFireTimes, Timestamp,
};

use super::PassRunner;
use super::planned::PlannedJob;
use crate::plan::Skipped;
use crate::runs::NewRun;
use crate::shared::metrics;
use crate::store::RegisteredStore;

impl PassRunner {
    /// Carries out the plan of a job whose commit returned `outcome`.
    pub(super) fn dispatch(
        &self,
        store: &Arc<RegisteredStore>,
        job: PlannedJob,
        outcome: CommitOutcome,
    ) {
        if job.under_claim.is_some() {
            self.settled(store, &job, outcome);
        }
        if outcome == CommitOutcome::Stale {
            tracing::debug!(target: "punctual::scheduler", job = %job.record.id, "commit refused: the job was changed or claimed concurrently");
            return;
        }
        for &skipped in &job.skipped {
            self.emit_skipped(store, &job.record, skipped);
        }
        if job.cancelled > 0 {
            self.runs.cancel_oldest(store, &job.record.id, job.cancelled);
        }
        if job.under_claim.is_none()
            && let Some(resolved) = &job.resolved
        {
            for run in &job.runs {
                if !self.runs.submit(store, &job.record, resolved, run) {
                    self.on_no_free_instance(store, &job.record, run);
                }
            }
        }
        if outcome == CommitOutcome::Removed {
            self.runs.on_job_removed(store, &job.record.id, &job.record.task);
        } else if job.has_deferred_runs {
            self.runs.set_waiting(store, &job.record, job.origin());
        }
    }

    /// A user has started a run since the job was planned, or an unconfirmed commit has.
    fn on_no_free_instance(&self, store: &Arc<RegisteredStore>, record: &JobRecord, run: &NewRun) {
        if record.id.is_of_retry() {
            self.runs.store_again(store, record, run);
        } else {
            let (first, last) = (run.scheduled_time, run.scheduled_time);
            let reason = SkipReason::MaxInstances;
            self.emit_skipped(store, record, Skipped { first, last, reason });
        }
    }

    fn emit_skipped(&self, store: &RegisteredStore, record: &JobRecord, skipped: Skipped) {
        let Skipped { first, last, reason } = skipped;
        let runs = SkippedFireTimes::new(store.job_ref(&record.id), first, last, reason);
        self.shared.bus.emit(runs.into_event());
    }

    /// Emits events for skipped run times and for lost runs. A run is lost if its commit stayed unconfirmed until the
    /// claim expired, and the store's record does not show whether it was applied.
    pub(super) fn emit_lost(&self, store: &RegisteredStore, job: PlannedJob, now: Timestamp) {
        let (record, node) = (&job.record, self.shared.node());
        for skipped in job.skipped {
            self.emit_skipped(store, record, skipped);
        }
        for run in &job.runs {
            let mut event = RunEvent::of(&self.runs.context(store, record, run));
            event.outcome = Some(RunOutcome::Lost);
            metrics::run_ended(&record.task, &event);
            if let Some(history) = &store.history {
                let entry = HistoryRecord::new(&event, record.task.clone(), node.clone(), now);
                history.record(entry, now);
            }
            self.shared.bus.emit(Event::JobError(event));
        }
    }
}
