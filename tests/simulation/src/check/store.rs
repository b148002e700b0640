//! The checks on changes in the store.

use punctual_core::{
    Claims, Commit, CommitAction, Fence, HistoryRecord, InFlightRun, JobId, JobRecord, OutcomeKind,
    RunId, Schedule, StoredJob, TakeOver, Timestamp,
};

use super::policy::{Expected, Policy};
use super::{
    ClaimState, ConsumedFireTimes, InvariantChecker, JobState, RecordState, RunState, Violation,
    violated,
};
use crate::process::Process;
use crate::show;
use crate::time::seconds;

type CheckResult = Result<(), Violation>;

/// The delivery of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The caller receives the response.
    Delivered,
    /// The response is lost.
    Lost,
    /// A part of the call is applied, and the response is lost.
    Partial,
}

impl InvariantChecker {
    /// A process has made a call with its estimate of the time.
    pub(crate) fn instant(
        &self,
        process: &Process,
        instant: Timestamp,
        now: Timestamp,
    ) -> CheckResult {
        let allowed = self.early(process.machine, now.as_micros());
        let ahead = instant.as_micros() - now.as_micros();
        if ahead > allowed {
            let text =
                format!("process {} is {ahead} us ahead of the store's clock", process.number);
            return violated("no run starts early", text);
        }
        Ok(())
    }

    pub(crate) fn added(&mut self, job: &StoredJob) -> CheckResult {
        self.incarnation += 1;
        let policy = Policy::of(&job.record);
        let state = JobState {
            incarnation: self.incarnation,
            policy,
            max_instances: policy.max_instances,
            paused: job.record.schedule.is_none(),
            exists: true,
            changed: None,
        };
        self.jobs.insert(job.record.id.clone(), state);
        Ok(())
    }

    pub(crate) fn updated(
        &mut self,
        job: &StoredJob,
        schedule: Option<Option<Schedule>>,
        now: Timestamp,
    ) -> CheckResult {
        let Some(state) = self.jobs.get_mut(&job.record.id) else { return Ok(()) };
        state.changed = Some(now.as_micros());
        state.policy = Policy::of(&job.record);
        state.max_instances = state.max_instances.max(state.policy.max_instances);
        if let Some(schedule) = schedule {
            state.paused = schedule.is_none();
        }
        Ok(())
    }

    pub(crate) fn removed(&mut self, job: &StoredJob, now: Timestamp) -> CheckResult {
        for run in &job.runs {
            if let Some(run) = self.runs.get_mut(&run.run_id) {
                run.record = RecordState::Removed;
            }
        }
        if let Some(state) = self.jobs.get_mut(&job.record.id) {
            state.exists = false;
            state.changed = Some(now.as_micros());
        }
        Ok(())
    }

    pub(crate) fn claimed(
        &mut self,
        process: &Process,
        claims: &Claims,
        instant: Timestamp,
        now: Timestamp,
    ) -> CheckResult {
        for record in &claims.records {
            let policy = Policy::of(record);
            let under_claim = self.may_start_under_claim(process, record, policy, instant, now);
            let claim = (record.id.clone(), record.fence.0);
            let session = process.session();
            self.claims.insert(claim, ClaimState { at: instant, session, policy, under_claim });
            let active = self.active(process.number, &record.id);
            let state = self.processes.entry(process.number).or_default();
            state.peaks.insert(record.id.clone(), active.max(record.in_flight as usize));
            // The report of the end may arrive during a pass; it has arrived before the next one.
            state.outlasting.retain(|run| run.job != record.id || !run.worked);
        }
        self.instant(process, instant, now)
    }

    /// Returns the fire time whose run may start under the claim, if there is one: the only due one, or one that may
    /// have been started under an earlier claim.
    fn may_start_under_claim(
        &mut self,
        process: &Process,
        record: &JobRecord,
        policy: Policy,
        instant: Timestamp,
        now: Timestamp,
    ) -> Option<usize> {
        let first = record.next_run_time()?.as_micros();
        let expected = policy.expect(first, instant.as_micros(), record.fire_count, usize::MAX);
        let is_only = expected.runs == [first] && expected.skipped.is_empty();
        if !policy.rerun || (record.claims == 1 && !is_only) {
            return None;
        }
        let incarnation = self.jobs.get(&record.id)?.incarnation;
        self.consumed.push(ConsumedFireTimes {
            job: record.id.clone(),
            fence: record.fence.0,
            incarnation,
            first,
            session: process.session(),
            policy,
            was_unconfirmed: false,
            unsubmitted_runs: vec![first],
            incomplete_runs: vec![first],
            unreported_skips: Vec::new(),
            rerun: true,
            at: now.as_micros(),
            attempt: record.claims,
            started_under_claim: None,
        });
        Some(self.consumed.len() - 1)
    }

    /// A process ends its own lease, after which other processes take over what it runs.
    pub(crate) fn ends_lease(&self, process: &Process) -> CheckResult {
        let active = self.processes.get(&process.number).map_or(&[][..], |state| &state.active);
        match active.iter().find(|run| run.started && !run.worked) {
            None => Ok(()),
            Some(run) => {
                let text =
                    format!("process {}: run {} of {}", process.number, show::id(run.run), run.job);
                violated("no process ends its lease during a run", text)
            }
        }
    }

    pub(crate) fn taken_over(&mut self, taken: &TakeOver, now: Timestamp) {
        self.counts.again += taken.runs.len();
        for orphan in &taken.runs {
            self.record(&orphan.record.id, &orphan.run, false, now);
        }
    }

    fn record(
        &mut self,
        job: &punctual_core::JobId,
        run: &InFlightRun,
        unscheduled: bool,
        now: Timestamp,
    ) {
        let record = RecordState::Recorded { node: run.node.clone(), attempt: run.attempt };
        let new = RunState { job: job.clone(), record, unscheduled, since: now.as_micros() };
        let known = self.runs.entry(run.run_id).or_insert_with(|| new.clone());
        (known.record, known.since) = (new.record, new.since);
    }

    /// Entries were added to the history.
    pub(crate) fn recorded(&mut self, entries: &[HistoryRecord]) -> CheckResult {
        for entry in entries {
            let key = (entry.run_id, entry.attempt);
            if let Some(known) = self.history.insert(key, entry.clone())
                && known != *entry
            {
                let run = show::id(entry.run_id);
                let text = format!(
                    "attempt {} at run {run} of {}: {} and {}",
                    entry.attempt, entry.job_id, known.outcome, entry.outcome
                );
                return violated("one history entry for each attempt", text);
            }
        }
        Ok(())
    }

    /// A process has sent these commits and received no response. Whatever the response to a retry is, the process may
    /// have to check the record.
    pub(crate) fn unconfirmed(&mut self, commits: Vec<(JobId, Fence)>) -> CheckResult {
        for used in &mut self.consumed {
            used.was_unconfirmed |=
                commits.iter().any(|(job, fence)| (job, fence.0) == (&used.job, used.fence));
        }
        self.unconfirmed.extend(commits);
        Ok(())
    }

    /// A commit was applied, and the record changed from `before` to `after`.
    pub(crate) fn committed(
        &mut self,
        process: &Process,
        commit: &Commit,
        (before, after): (Option<StoredJob>, Option<StoredJob>),
        delivery: Delivery,
        now: Timestamp,
    ) -> CheckResult {
        let Some(before) = before else { return Ok(()) };
        if after.as_ref() == Some(&before) {
            return Ok(());
        }
        let unscheduled = matches!(commit.action, CommitAction::Start { .. });
        for run in after.iter().flat_map(|job| &job.runs) {
            if !before.runs.contains(run) {
                self.record(&commit.id, run, unscheduled, now);
            }
        }
        for run in &before.runs {
            let kept = after.iter().flat_map(|job| &job.runs).any(|kept| kept.run_id == run.run_id);
            if !kept {
                self.cleared(process, run)?;
            }
        }
        if after.is_none()
            && let Some(state) = self.jobs.get_mut(&commit.id)
        {
            state.exists = false;
        }
        let next = match &commit.action {
            CommitAction::Advance { schedule, fire_count, .. } => {
                let fired = fire_count.wrapping_sub(before.record.fire_count);
                Some((*schedule, usize::try_from(fired).unwrap_or(usize::MAX)))
            }
            CommitAction::Finish { .. } => None,
            _ => return Ok(()),
        };
        self.used(process, commit, &before, next, delivery, now)
    }

    /// The record of a run was cleared, because the run completed or did not start.
    fn cleared(&mut self, process: &Process, run: &InFlightRun) -> CheckResult {
        let Some(state) = self.runs.get_mut(&run.run_id) else { return Ok(()) };
        state.record = RecordState::Cleared;
        let unscheduled = state.unscheduled;
        let started = self.starts.keys().any(|(started, _)| *started == run.run_id);
        if unscheduled && !started {
            return Ok(());
        }
        let has_ended = self.completions.iter().any(|((ended, _), end)| {
            let came_to_nothing = matches!(end.kind, OutcomeKind::Lost | OutcomeKind::Refused);
            *ended == run.run_id && !came_to_nothing
        });
        if has_ended {
            return Ok(());
        }
        let text = format!("process {} cleared run {}", process.number, show::id(run.run_id));
        violated("no run is cleared before it completes", text)
    }

    /// Fire times were consumed.
    fn used(
        &mut self,
        process: &Process,
        commit: &Commit,
        before: &StoredJob,
        next: Option<(Schedule, usize)>,
        delivery: Delivery,
        now: Timestamp,
    ) -> CheckResult {
        let (Some(state), Some(schedule)) = (self.jobs.get(&commit.id), before.record.schedule)
        else {
            return violated("only due jobs are run", format!("{commit:?}"));
        };
        let claim = (commit.id.clone(), commit.fence.0);
        let Some(&ClaimState { at: claimed_at, session, policy, under_claim }) =
            self.claims.get(&claim)
        else {
            return violated("only claimed jobs are run", format!("{commit:?}"));
        };
        let incarnation = state.incarnation;
        if let Some(number) = under_claim
            && let Some(run) = self.started_under_claim(number)
        {
            let was_unconfirmed = delivery != Delivery::Delivered
                || self.unconfirmed.contains(&(commit.id.clone(), commit.fence));
            self.consumed[number].was_unconfirmed |= was_unconfirmed;
            return self.settled(commit, before, next, number, run);
        }
        let first = schedule.next_run_time.as_micros();
        let instant = claimed_at.as_micros();
        let expect = |free| policy.expect(first, instant, before.record.fire_count, free);
        let all = expect(usize::MAX);
        let fired = next.map_or(all.runs.len(), |(_, fired)| fired);
        let expected = if fired < all.runs.len() { expect(fired) } else { all.clone() };
        let found = next.map(|(schedule, _)| schedule.next_run_time.as_micros());
        if expected.runs.len() != fired || expected.next != found {
            let text = format!(
                "{} at {:.3}: expected {}, found {fired} runs and next {:?}",
                commit.id,
                seconds(claimed_at),
                text(&expected),
                found.map(|at| seconds(Timestamp::from_micros(at)))
            );
            return violated("due jobs are run according to their policy", text);
        }
        let most = self.processes.get(&process.number).and_then(|p| p.peaks.get(&commit.id));
        let most = most.copied().unwrap_or(0).max(before.record.in_flight as usize);
        if fired < all.runs.len() && fired + most < policy.max_instances as usize {
            let text = format!(
                "{} at {:.3}: {fired} runs were started beside {most}, of {}",
                commit.id,
                seconds(claimed_at),
                text(&all)
            );
            return violated("no run is skipped below the limit", text);
        }
        let is_recorded = |start: &Vec<InFlightRun>| {
            !policy.rerun
                || start
                    .iter()
                    .map(|run| run.scheduled_time.as_micros())
                    .eq(expected.runs.iter().copied())
        };
        if let CommitAction::Advance { start, .. } | CommitAction::Finish { start } = &commit.action
            && !is_recorded(start)
        {
            return violated(
                "runs of `Recovery::Rerun` jobs are recorded first",
                format!("{commit:?}"),
            );
        }
        self.counts.consumed += 1;
        self.counts.skipped += expected.skipped.len();
        self.consumed.push(ConsumedFireTimes {
            job: commit.id.clone(),
            fence: commit.fence.0,
            incarnation,
            first,
            session,
            policy,
            was_unconfirmed: delivery != Delivery::Delivered
                || self.unconfirmed.contains(&(commit.id.clone(), commit.fence)),
            unsubmitted_runs: expected.runs.clone(),
            incomplete_runs: expected.runs,
            unreported_skips: expected.skipped,
            rerun: policy.rerun,
            at: now.as_micros(),
            attempt: 1,
            started_under_claim: None,
        });
        Ok(())
    }

    /// Returns the run that was started under a claim, or under an earlier claim by the same process, if there is one.
    fn started_under_claim(&self, number: usize) -> Option<RunId> {
        let used = &self.consumed[number];
        let is_earlier = |other: &&ConsumedFireTimes| {
            (other.session, &other.job, other.incarnation, other.first)
                == (used.session, &used.job, used.incarnation, used.first)
        };
        used.started_under_claim.or_else(|| {
            let mut earlier = self.consumed[..number].iter().rev().filter(is_earlier);
            earlier.find_map(|other| other.started_under_claim).filter(|_| used.attempt > 1)
        })
    }

    /// A claim was settled after its run had started.
    fn settled(
        &mut self,
        commit: &Commit,
        before: &StoredJob,
        next: Option<(Schedule, usize)>,
        number: usize,
        run: RunId,
    ) -> CheckResult {
        let used = &self.consumed[number];
        let first = before.record.next_run_time().map_or(0, Timestamp::as_micros);
        let wanted = used.policy.next_after_one(first, before.record.fire_count);
        let found = next.map(|(schedule, _)| schedule.next_run_time.as_micros());
        if wanted != found || next.is_some_and(|(_, fired)| fired != 1) {
            let text = format!("{commit:?}: expected one run and next {wanted:?}");
            return violated("due jobs are run according to their policy", text);
        }
        let (CommitAction::Advance { start, .. } | CommitAction::Finish { start }) = &commit.action
        else {
            return Ok(());
        };
        let is_recorded = start.iter().any(|started| started.run_id == run);
        // The attempt may have been submitted under an earlier claim.
        let is_complete = self.completions.iter().any(|((ended, _), end)| {
            let came_to_nothing = matches!(end.kind, OutcomeKind::Lost | OutcomeKind::Refused);
            (*ended, end.process) == (run, used.session.0) && !came_to_nothing
        });
        if !is_recorded && !is_complete {
            let text = format!("run {}: {commit:?}", show::id(run));
            return violated("a run in progress is recorded when its claim is settled", text);
        }
        self.counts.consumed += 1;
        Ok(())
    }
}

fn text(expected: &Expected) -> String {
    let at = |micros: &i64| seconds(Timestamp::from_micros(*micros));
    let runs: Vec<f64> = expected.runs.iter().map(at).collect();
    let skipped: Vec<f64> = expected.skipped.iter().map(at).collect();
    format!("runs {runs:?} skipped {skipped:?} next {:?}", expected.next.as_ref().map(at))
}
