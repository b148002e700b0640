//! The checks on the events of processes.

use punctual_core::{
    Event, JobId, OutcomeKind, RunEvent, RunOutcome, SkipReason, SkippedFireTimes, Timestamp,
};

use super::{
    Active, Completion, InvariantChecker, MAX_REQUEST_DELAY, Session, Violation, violated,
};
use crate::process::Process;
use crate::show;
use crate::time::seconds;

type CheckResult = Result<(), Violation>;

impl InvariantChecker {
    pub(crate) fn event(
        &mut self,
        process: &Process,
        event: &Event,
        now: Timestamp,
    ) -> CheckResult {
        if self.processes.entry(process.number).or_default().was_killed {
            return Ok(());
        }
        match event {
            Event::JobSubmitted(run) => self.submitted(process, run, now),
            Event::JobExecuted(run) | Event::JobError(run) => {
                self.check_completion(process, run, now)
            }
            Event::JobMissed(runs) | Event::JobMaxInstances(runs) | Event::JobCoalesced(runs) => {
                self.check_skipped(process, runs)
            }
            _ => Ok(()),
        }
    }

    fn submitted(&mut self, process: &Process, run: &RunEvent, now: Timestamp) -> CheckResult {
        let (job, time) = (&run.job.job_id, run.scheduled_time.as_micros());
        let name = || {
            let (run, at) = (show::id(run.run_id), seconds(run.scheduled_time));
            format!("process {}: run {run} of {job} for {at:.3}", process.number)
        };
        let session = process.session();
        let mut of = None;
        // A run outside of the schedule may have the same scheduled time as a run of the schedule.
        let unscheduled = self.runs.get(&run.run_id).is_some_and(|run| run.unscheduled);
        if !unscheduled {
            of = self.consumed.iter_mut().enumerate().rev().find_map(|(number, used)| {
                let attempt = (used.session, used.attempt) == (session, run.attempt);
                let is_it = attempt && used.job == *job;
                let index = used.unsubmitted_runs.iter().position(|&at| is_it && at == time)?;
                used.unsubmitted_runs.remove(index);
                Some(number)
            });
        }
        if let Some(number) = of {
            let claim = (job.clone(), self.consumed[number].fence);
            let is_open = self.claims.get(&claim).is_some_and(|c| c.under_claim == Some(number));
            self.consumed[number].started_under_claim = is_open.then_some(run.run_id);
            self.counts.again += usize::from(run.attempt > 1);
        }
        if run.attempt == 1 && !unscheduled {
            let waits = self.processes[&process.number].run_now.get(job).copied().unwrap_or(0);
            if of.is_none() && waits == 0 && !self.may_be_its_last(job, now) {
                return violated("each fire time is run once", format!("{} is not due", name()));
            }
        }
        let active = Active {
            run: run.run_id,
            attempt: run.attempt,
            job: job.clone(),
            time,
            of,
            started: false,
            worked: false,
        };
        let state = self.processes.entry(process.number).or_default();
        if state.active.iter().any(|other| (other.run, other.attempt) == (run.run_id, run.attempt))
        {
            return violated("each attempt is submitted once", name());
        }
        state.active.push(active);
        let count = state.active.iter().filter(|active| active.job == *job).count();
        self.note_peak(process.number, job);
        // A removed job with the same id may have had a different limit.
        let of_claim = of.map_or(0, |of| self.consumed[of].policy.max_instances);
        let most = self.jobs.get(job).map_or(u32::MAX, |state| state.max_instances.max(of_claim));
        if run.attempt == 1 && count > most as usize {
            let text = format!("{}: {count} runs of at most {most}", name());
            return violated("max_instances holds in each process", text);
        }
        Ok(())
    }

    /// Returns whether a process with an unconfirmed commit may have assumed that this commit removed the job. The
    /// assumption is wrong if a user ended the claim before: by removing the job, or by changing it, so that another
    /// process could claim and complete the job before the lease of the first claim expired. The store keeps no trace
    /// of that.
    fn may_be_its_last(&self, job: &JobId, now: Timestamp) -> bool {
        let is_new = |at: i64| now.as_micros() - at < self.lease + MAX_REQUEST_DELAY;
        self.jobs.get(job).is_some_and(|job| !job.exists && job.changed.is_some_and(is_new))
    }

    fn check_completion(
        &mut self,
        process: &Process,
        run: &RunEvent,
        now: Timestamp,
    ) -> CheckResult {
        let key = (run.run_id, run.attempt);
        let kind = run.outcome.as_ref().map_or(OutcomeKind::Lost, RunOutcome::kind);
        let end = Completion { process: process.number, kind };
        if let Some(before) = self.completions.insert(key, end) {
            let text = format!(
                "attempt {} at run {} of {}: {} in process {}, {kind} in process {}",
                run.attempt,
                show::id(run.run_id),
                run.job.job_id,
                before.kind,
                before.process,
                process.number
            );
            return violated("one completion for each attempt", text);
        }
        if let Some(state) = self.runs.get_mut(&run.run_id) {
            state.since = now.as_micros();
        }
        let (job, time) = (&run.job.job_id, run.scheduled_time.as_micros());
        let state = self.processes.entry(process.number).or_default();
        let index = state.active.iter().position(|active| (active.run, active.attempt) == key);
        let session = process.session();
        let ended = index.map(|index| state.active.remove(index));
        if let Some(active) = &ended
            && kind == OutcomeKind::Lost
            && active.started
            && !active.worked
        {
            state.outlasting.push(active.clone());
        }
        match ended {
            Some(Active { of: Some(of), .. }) => {
                let used = &mut self.consumed[of];
                used.incomplete_runs.retain(|&at| at != time);
                Ok(())
            }
            Some(_) => Ok(()),
            // The run was never started: its commit was unconfirmed for too long.
            None if kind == OutcomeKind::Lost => {
                self.cancel_unsubmitted(session, job, time);
                Ok(())
            }
            None => {
                let text =
                    format!("process {}: run {} of {job}", process.number, show::id(run.run_id));
                violated("a run is submitted before it completes", text)
            }
        }
    }

    /// A fire time that was consumed is not going to be run.
    fn cancel_unsubmitted(&mut self, session: Session, job: &JobId, time: i64) {
        for used in self.consumed.iter_mut().rev() {
            if used.session == session && used.job == *job && used.incomplete_runs.contains(&time) {
                used.unsubmitted_runs.retain(|&at| at != time);
                used.incomplete_runs.retain(|&at| at != time);
                return;
            }
        }
    }

    fn check_skipped(&mut self, process: &Process, runs: &SkippedFireTimes) -> CheckResult {
        let (first, last) = (runs.first.as_micros(), runs.last.as_micros());
        let (job, session) = (&runs.job.job_id, process.session());
        let is_in = |at: i64| first <= at && at <= last;
        // A run that exceeded its grace time in a queue is reported in the same way.
        let state = self.processes.entry(process.number).or_default();
        if runs.reason == SkipReason::TooLate
            && first == last
            && let Some(index) = state
                .active
                .iter()
                .position(|run| run.job == *job && run.time == first && !run.started)
        {
            let run = state.active.remove(index);
            let end = Completion { process: process.number, kind: OutcomeKind::Missed };
            if let Some(before) = self.completions.insert((run.run, run.attempt), end) {
                let text =
                    format!("run {} of {job}: {} and missed", show::id(run.run), before.kind);
                return violated("one completion for each attempt", text);
            }
            if let Some(of) = run.of {
                self.consumed[of].incomplete_runs.retain(|&at| at != first);
            }
            return Ok(());
        }
        let has_users = state.active.iter().any(|run| run.job == *job && run.of.is_none());
        for used in
            self.consumed.iter_mut().filter(|used| used.session == session && used.job == *job)
        {
            used.unreported_skips.retain(|&at| !is_in(at));
            // A user started a run after this one was planned.
            if runs.reason == SkipReason::MaxInstances && has_users {
                used.unsubmitted_runs.retain(|&at| !is_in(at));
                used.incomplete_runs.retain(|&at| !is_in(at));
            }
        }
        Ok(())
    }
}
