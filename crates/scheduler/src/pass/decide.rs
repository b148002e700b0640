//! From a claimed record to what is to become of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use punctual_core::{Commit, CommitAction, JobProblem, JobRecord, NodeId, Timestamp, TriggerError};

use smallvec::SmallVec;

use super::Passes;
use super::planned::Planned;
use super::state::PassState;
use crate::plan::{self, Due, PlannedRun};
use crate::runs::NewRun;
use crate::store::Slot;

impl Passes {
    /// Decides what becomes of a claimed record.
    pub(super) fn decide(
        &self,
        slot: &Arc<Slot>,
        pass: &mut PassState,
        node: &NodeId,
        record: JobRecord,
        now: Timestamp,
    ) -> Planned {
        let (id, fence) = (record.id.clone(), record.fence);
        let commit = |action| Commit { id, fence, action };
        let claimed_until = now.saturating_add(self.shared.settings.lease);
        let resolved = match self.runs.resolve(slot, &record) {
            Ok(resolved) => resolved,
            Err(problem) => return self.put_off(slot, pass, record, problem, now),
        };
        let Some(schedule) = record.schedule else {
            // A store that claims a paused job is wrong; the job stays as it is.
            let commit = commit(CommitAction::Postpone { due_at: claimed_until });
            return Planned::without_runs(record, commit, claimed_until);
        };
        let decoded = Arc::clone(&resolved.decoded);
        let due = Due {
            trigger: &*decoded.trigger,
            options: &decoded.definition.options,
            next_run_time: schedule.next_run_time,
            fire_count: record.fire_count,
            running: self.runs.count_of(slot, &record.id).max(record.in_flight),
        };
        let planning = || plan::plan(&due, now, &mut |below| fastrand::u64(..below));
        // A trigger of the user's that panics must not cost other jobs their runs.
        let Ok(plan) = catch_unwind(AssertUnwindSafe(planning)) else {
            let trigger = decoded.trigger.to_string();
            let problem = TriggerError::invalid_text(trigger, "the trigger panicked");
            let problem = Arc::new(JobProblem::Trigger(problem));
            return self.put_off(slot, pass, record, problem, now);
        };
        pass.reported.remove(&record.id);
        let run = |run: &PlannedRun| NewRun {
            run_id: self.runs.new_run_id(),
            scheduled_time: run.scheduled_time,
            // A claim that was lost has begun nothing: runs are recorded before they start, or not at all.
            attempt: 1,
            recorded: plan.recorded.then_some(record.fence),
            deadline: run.deadline,
        };
        let runs: SmallVec<[NewRun; 1]> = plan.runs.iter().map(run).collect();
        let recorded = runs.iter().filter(|_| plan.recorded);
        let start = recorded.map(|run| run.record(node)).collect();
        let commit = commit(match plan.next {
            Some(schedule) => {
                CommitAction::Advance { schedule, fire_count: plan.fire_count, start }
            }
            None => CommitAction::Finish { start },
        });
        Planned {
            record,
            commit,
            runs,
            skipped: plan.skipped,
            waiting: plan.waiting,
            claimed_until,
            resolved: Some(resolved),
        }
    }

    /// Leaves a job that can't be run here as it is, to be looked at again: what is missing may be added
    /// meanwhile.
    fn put_off(
        &self,
        slot: &Slot,
        pass: &mut PassState,
        record: JobRecord,
        problem: Arc<JobProblem>,
        now: Timestamp,
    ) -> Planned {
        self.report_unresolved(slot, pass, &record, problem);
        let due_at = now.saturating_add(self.shared.settings.retry_interval);
        let action = CommitAction::Postpone { due_at };
        let commit = Commit { id: record.id.clone(), fence: record.fence, action };
        Planned::without_runs(record, commit, now.saturating_add(self.shared.settings.lease))
    }
}
