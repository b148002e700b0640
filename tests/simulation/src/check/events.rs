//! The checks on the events of processes.

use punctual_core::{
    Event, JobId, OutcomeKind, RunEvent, RunOutcome, SkipReason, SkippedRuns, Timestamp,
};

use super::{Active, Check, End, ON_ITS_WAY, Session, Violation, broken};
use crate::process::Process;
use crate::show;
use crate::time::shown;

type Seen = Result<(), Violation>;

impl Check {
    pub(crate) fn event(&mut self, process: &Process, event: &Event, now: Timestamp) -> Seen {
        if self.processes.entry(process.number).or_default().is_dead {
            return Ok(());
        }
        match event {
            Event::JobSubmitted(run) => self.submitted(process, run, now),
            Event::JobExecuted(run) | Event::JobError(run) => self.told_end(process, run, now),
            Event::JobMissed(runs) | Event::JobMaxInstances(runs) | Event::JobCoalesced(runs) => {
                self.told_skipped(process, runs)
            }
            _ => Ok(()),
        }
    }

    fn submitted(&mut self, process: &Process, run: &RunEvent, now: Timestamp) -> Seen {
        let (job, time) = (&run.job.job_id, run.scheduled_time.as_micros());
        let name = || {
            let (run, at) = (show::id(run.run_id), shown(run.scheduled_time));
            format!("process {}: run {run} of {job} for {at:.3}", process.number)
        };
        let session = process.session();
        let mut of = None;
        // A run outside of the schedule may have the same scheduled time as a run of the schedule.
        let unscheduled = self.runs.get(&run.run_id).is_some_and(|run| run.unscheduled);
        if run.attempt == 1 && !unscheduled {
            of = self.uses.iter_mut().enumerate().rev().find_map(|(number, used)| {
                let is_it = used.session == session && used.job == *job;
                let place = used.unstarted.iter().position(|&at| is_it && at == time)?;
                used.unstarted.remove(place);
                Some(number)
            });
            let waits = self.processes[&process.number].run_now.get(job).copied().unwrap_or(0);
            if of.is_none() && waits == 0 && !self.may_be_its_last(job, now) {
                return broken("each fire time is run once", format!("{} is not due", name()));
            }
        }
        let active = Active {
            run: run.run_id,
            attempt: run.attempt,
            job: job.clone(),
            time,
            of,
            begun: false,
            worked: false,
        };
        let state = self.processes.entry(process.number).or_default();
        if state.active.iter().any(|other| (other.run, other.attempt) == (run.run_id, run.attempt))
        {
            return broken("each attempt is submitted once", name());
        }
        state.active.push(active);
        let count = state.active.iter().filter(|active| active.job == *job).count();
        self.note_peak(process.number, job);
        // A removed job with the same id may have had a different limit.
        let of_claim = of.map_or(0, |of| self.uses[of].policy.max_instances);
        let most = self.jobs.get(job).map_or(u32::MAX, |state| state.max_instances.max(of_claim));
        if run.attempt == 1 && count > most as usize {
            let text = format!("{}: {count} runs of at most {most}", name());
            return broken("max_instances holds in each process", text);
        }
        Ok(())
    }

    /// Returns whether a process with an unconfirmed commit may have assumed that this commit removed the job. The
    /// assumption is wrong if a user ended the claim before: by removing the job, or by changing it, so that another
    /// process could claim and complete the job before the lease of the first claim expired. The store keeps no trace
    /// of that.
    fn may_be_its_last(&self, job: &JobId, now: Timestamp) -> bool {
        let is_new = |at: i64| now.as_micros() - at < self.lease + ON_ITS_WAY;
        self.jobs.get(job).is_some_and(|job| !job.is_there && job.changed.is_some_and(is_new))
    }

    fn told_end(&mut self, process: &Process, run: &RunEvent, now: Timestamp) -> Seen {
        let key = (run.run_id, run.attempt);
        let kind = run.outcome.as_ref().map_or(OutcomeKind::Lost, RunOutcome::kind);
        let end = End { process: process.number, kind };
        if let Some(before) = self.ends.insert(key, end) {
            let text = format!(
                "attempt {} at run {} of {}: {} in process {}, {kind} in process {}",
                run.attempt,
                show::id(run.run_id),
                run.job.job_id,
                before.kind,
                before.process,
                process.number
            );
            return broken("one completion for each attempt", text);
        }
        if let Some(state) = self.runs.get_mut(&run.run_id) {
            state.since = now.as_micros();
        }
        let (job, time) = (&run.job.job_id, run.scheduled_time.as_micros());
        let state = self.processes.entry(process.number).or_default();
        let place = state.active.iter().position(|active| (active.run, active.attempt) == key);
        let session = process.session();
        match place.map(|place| state.active.remove(place)) {
            Some(Active { of: Some(of), .. }) => {
                let used = &mut self.uses[of];
                used.unended.retain(|&at| at != time);
                Ok(())
            }
            Some(_) => Ok(()),
            // The run was never started: its commit was unconfirmed for too long.
            None if kind == OutcomeKind::Lost => {
                self.end_unstarted(session, job, time);
                Ok(())
            }
            None => {
                let text =
                    format!("process {}: run {} of {job}", process.number, show::id(run.run_id));
                broken("a run is submitted before it completes", text)
            }
        }
    }

    /// A fire time that was consumed is not going to be run.
    fn end_unstarted(&mut self, session: Session, job: &JobId, time: i64) {
        for used in self.uses.iter_mut().rev() {
            if used.session == session && used.job == *job && used.unended.contains(&time) {
                used.unstarted.retain(|&at| at != time);
                used.unended.retain(|&at| at != time);
                return;
            }
        }
    }

    fn told_skipped(&mut self, process: &Process, runs: &SkippedRuns) -> Seen {
        let (first, last) = (runs.first.as_micros(), runs.last.as_micros());
        let (job, session) = (&runs.job.job_id, process.session());
        let is_in = |at: i64| first <= at && at <= last;
        // A run that exceeded its grace time in a queue is reported in the same way.
        let state = self.processes.entry(process.number).or_default();
        if runs.reason == SkipReason::TooLate
            && first == last
            && let Some(place) = state
                .active
                .iter()
                .position(|run| run.job == *job && run.time == first && !run.begun)
        {
            let run = state.active.remove(place);
            let end = End { process: process.number, kind: OutcomeKind::Missed };
            if let Some(before) = self.ends.insert((run.run, run.attempt), end) {
                let text =
                    format!("run {} of {job}: {} and missed", show::id(run.run), before.kind);
                return broken("one completion for each attempt", text);
            }
            if let Some(of) = run.of {
                self.uses[of].unended.retain(|&at| at != first);
            }
            return Ok(());
        }
        let has_users = state.active.iter().any(|run| run.job == *job && run.of.is_none());
        for used in self.uses.iter_mut().filter(|used| used.session == session && used.job == *job)
        {
            used.untold.retain(|&at| !is_in(at));
            // A user started a run after this one was planned.
            if runs.reason == SkipReason::MaxInstances && has_users {
                used.unstarted.retain(|&at| !is_in(at));
                used.unended.retain(|&at| !is_in(at));
            }
        }
        Ok(())
    }
}
