//! Plans claimed records.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use punctual_core::{Commit, CommitAction, JobProblem, JobRecord, NodeId, Timestamp, TriggerError};

use smallvec::SmallVec;

use super::PassRunner;
use super::planned::PlannedJob;
use super::state::PassState;
use crate::plan::{self, DueJob, PlannedRun};
use crate::runs::NewRun;
use crate::store::RegisteredStore;

impl PassRunner {
    /// Resolves and plans a claimed record, and builds its commit.
    pub(super) fn plan_record(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        node: &NodeId,
        record: JobRecord,
        now: Timestamp,
    ) -> PlannedJob {
        let (id, fence) = (record.id.clone(), record.fence);
        let commit = |action| Commit { id, fence, action };
        let claimed_until = now.saturating_add(self.shared.settings.lease);
        let resolved = match self.runs.resolve(store, &record) {
            Ok(resolved) => resolved,
            Err(problem) => return self.postpone_unresolved(store, pass, record, problem, now),
        };
        let Some(schedule) = record.schedule else {
            // The store violated its contract by claiming a paused job. The job is postponed unchanged.
            let commit = commit(CommitAction::Postpone { due_at: claimed_until });
            return PlannedJob::without_runs(record, commit, claimed_until);
        };
        let decoded = Arc::clone(&resolved.decoded);
        let due = DueJob {
            trigger: &*decoded.trigger,
            options: &decoded.definition.options,
            next_run_time: schedule.next_run_time,
            fire_count: record.fire_count,
            running: self.runs.count_of(store, &record.id).max(record.in_flight),
        };
        let planning = || plan::plan(&due, now, &mut |below| fastrand::u64(..below));
        // A user-defined trigger that panics must not prevent the runs of other jobs.
        let Ok(plan) = catch_unwind(AssertUnwindSafe(planning)) else {
            let trigger = decoded.trigger.to_string();
            let problem = TriggerError::invalid_text(trigger, "the trigger panicked");
            let problem = Arc::new(JobProblem::Trigger(problem));
            return self.postpone_unresolved(store, pass, record, problem, now);
        };
        pass.reported_problems.remove(&record.id);
        let run = |run: &PlannedRun| NewRun {
            run_id: self.runs.new_run_id(),
            scheduled_time: run.scheduled_time,
            // An expired claim has started no run: runs are recorded before they start, or not at all.
            attempt: 1,
            record_fence: plan.record_runs.then_some(record.fence),
            deadline: run.deadline,
        };
        let runs: SmallVec<[NewRun; 1]> = plan.runs.iter().map(run).collect();
        let recorded = runs.iter().filter(|_| plan.record_runs);
        let start = recorded.map(|run| run.record(node)).collect();
        let commit = commit(match plan.next {
            Some(schedule) => {
                CommitAction::Advance { schedule, fire_count: plan.fire_count, start }
            }
            None => CommitAction::Finish { start },
        });
        PlannedJob {
            record,
            commit,
            runs,
            skipped: plan.skipped,
            has_deferred_runs: plan.has_deferred_runs,
            claimed_until,
            resolved: Some(resolved),
        }
    }

    /// Postpones a job that can't be run in this process by the retry interval: the missing task or executor may be
    /// registered later.
    fn postpone_unresolved(
        &self,
        store: &RegisteredStore,
        pass: &mut PassState,
        record: JobRecord,
        problem: Arc<JobProblem>,
        now: Timestamp,
    ) -> PlannedJob {
        self.report_unresolved(store, pass, &record, problem);
        let due_at = now.saturating_add(self.shared.settings.max_retry_delay);
        let action = CommitAction::Postpone { due_at };
        let commit = Commit { id: record.id.clone(), fence: record.fence, action };
        PlannedJob::without_runs(record, commit, now.saturating_add(self.shared.settings.lease))
    }
}
