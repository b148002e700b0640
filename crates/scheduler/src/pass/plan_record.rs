//! Plans claimed records.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    Commit, CommitAction, IntoTrigger, JobProblem, JobRecord, Lease, RetryOf, Timestamp, Trigger,
    TriggerError,
};
use punctual_triggers::{DateTrigger, trigger_defaults};
use smallvec::SmallVec;

use super::PassRunner;
use super::batch::Batch;
use super::planned::{PlannedJob, UnderClaim};
use super::settle::SETTLE_DELAY;
use super::state::PassState;
use crate::plan::{self, DueJob, PlannedRun, StartOrder};
use crate::runs::{NewRun, for_retry};
use crate::store::RegisteredStore;

/// Delay before a retry is planned again, if another attempt of its run is in progress or not cleared yet.
const OTHER_ATTEMPT_DELAY: Duration = Duration::from_secs(1);

impl PassRunner {
    /// Resolves and plans a claimed record, and builds its commit.
    pub(super) fn plan_record(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        batch: &Batch<'_>,
        record: JobRecord,
    ) -> PlannedJob {
        let Batch { node, now, others, .. } = *batch;
        let (id, fence) = (record.id.clone(), record.fence);
        let commit = |action| Commit { id, fence, action };
        let resolved = match self.runs.resolve(store, &record) {
            Ok(resolved) => resolved,
            Err(problem) => return self.postpone_unresolved(store, pass, record, problem, now),
        };
        let Some(schedule) = record.schedule else {
            // The store violated its contract by claiming a paused job. The job is postponed unchanged.
            let due_at = now.saturating_add(self.claim_lease(store));
            let commit = commit(CommitAction::Postpone { due_at });
            return PlannedJob::without_runs(record, commit, now);
        };
        let decoded = Arc::clone(&resolved.decoded);
        // The run may be in progress here, under an earlier claim that has expired. It continues under this one.
        let origin = decoded.definition.retry_of.as_deref();
        let run_id_at = |time| match origin {
            Some(origin) => origin.run_id,
            None => record.run_id_at(time),
        };
        let is_early = |origin: &RetryOf| {
            self.runs.other_attempt(&record.id, origin.run_id).is_some()
                || others.uncleared.contains(&record.id)
        };
        if origin.is_some_and(is_early) {
            // The previous attempt may still be repeated.
            let due_at = now.saturating_add(OTHER_ATTEMPT_DELAY);
            let commit = commit(CommitAction::Postpone { due_at });
            return PlannedJob::without_runs(record, commit, now);
        }
        let is_stored_twice =
            |origin: &RetryOf| record.claims <= 1 && self.runs.is_in_progress(origin.run_id);
        if origin.is_some_and(is_stored_twice) {
            // The response to its addition was lost, and it was added again after this process had started it.
            let commit = commit(CommitAction::Finish { start: Vec::new() });
            return PlannedJob::without_runs(record, commit, now);
        }
        let is_running = |time| self.runs.is_in_progress(run_id_at(time));
        let own = u32::from(record.claims > 1 && is_running(schedule.next_run_time));
        // The instances of a job include its retries in this process.
        let job = origin.map_or(&record.id, |origin| &origin.job_id);
        let in_progress = self.runs.count_of(store, job).saturating_sub(own);
        let in_progress = in_progress.saturating_add(batch.planned_runs(job));
        let trigger = match origin {
            Some(_) => self.once_at(schedule.next_run_time, &decoded.trigger),
            None => Arc::clone(&decoded.trigger),
        };
        let due = DueJob {
            trigger: &*trigger,
            options: &decoded.definition.options,
            next_run_time: schedule.next_run_time,
            fire_count: record.fire_count,
            running: in_progress.max(record.in_flight),
            claims: record.claims,
            persistent: store.caps.persistent,
        };
        let planning = || plan::plan(&due, now, &mut |below| fastrand::u64(..below));
        // A user-defined trigger that panics must not prevent the runs of other jobs.
        let Ok(mut plan) = catch_unwind(AssertUnwindSafe(planning)) else {
            let trigger = decoded.trigger.to_string();
            let problem = TriggerError::invalid_text(trigger, "the trigger panicked");
            let problem = Arc::new(JobProblem::Trigger(problem));
            return self.postpone_unresolved(store, pass, record, problem, now);
        };
        pass.reported_problems.remove(&record.id);
        if let Some(due_at) = plan.postponed_until {
            let commit = commit(CommitAction::Postpone { due_at });
            return PlannedJob::without_runs(record, commit, now);
        }
        if others.ended.contains(&record.id) {
            plan.runs.clear();
            plan.start = StartOrder::Recorded;
        }
        let under_claim =
            (plan.start == StartOrder::UnderClaim).then(|| self.under_claim(store, now));
        let run = |run: &PlannedRun| {
            let scheduled_time = origin.map_or(run.scheduled_time, |own| own.scheduled_time);
            let claims = if under_claim.is_some() { record.claims.max(1) } else { 1 };
            let (run_id, attempt) = match (origin, &under_claim) {
                (Some(origin), _) => (origin.run_id, origin.failed_attempt + claims),
                (None, Some(_)) => (record.run_id_at(scheduled_time), claims),
                // An expired claim has started none of these runs.
                (None, None) => (self.runs.new_run_id(), 1),
            };
            NewRun {
                run_id,
                scheduled_time,
                attempt,
                fence: (plan.start != StartOrder::AfterCommit).then_some(record.fence),
                start_limit: under_claim.as_ref().map(|claim| claim.start_limit.clone()),
                deadline: run.deadline,
                timeout: decoded.definition.options.timeout,
                retry: for_retry(&decoded.definition),
            }
        };
        let runs: SmallVec<[NewRun; 1]> = plan.runs.iter().map(run).collect();
        let recorded = runs.iter().filter(|_| plan.start == StartOrder::Recorded);
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
            cancelled: plan.cancelled,
            claimed_at: now,
            resolved: Some(resolved),
            under_claim,
        }
    }

    /// The trigger of a retry: it runs once, also if a user has made it due before or after the date of its own trigger.
    fn once_at(&self, time: Timestamp, own: &Arc<dyn Trigger>) -> Arc<dyn Trigger> {
        let defaults = trigger_defaults(self.shared.zone(), time);
        DateTrigger::at(time).into_trigger(&defaults).unwrap_or_else(|_| Arc::clone(own))
    }

    /// The start of runs under a claim made at `now`.
    fn under_claim(&self, store: &RegisteredStore, now: Timestamp) -> UnderClaim {
        let lease = self.claim_lease(store);
        let start_limit = Lease::default();
        // A tenth of the lease allows for a clock that drifts until the claim is settled.
        let margin = lease / 10 + store.clock.uncertainty();
        start_limit.set_expiry(now.saturating_add(lease).saturating_sub(margin));
        UnderClaim { start_limit, settle_at: store.now().saturating_add(SETTLE_DELAY) }
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
        PlannedJob::without_runs(record, commit, now)
    }
}
