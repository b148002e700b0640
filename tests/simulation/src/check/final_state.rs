//! The checks after the fault-free phase, and after all processes have shut down.

use punctual_core::{HistoryRecord, StoredJob, Timestamp};

use super::{ConsumedFireTimes, InvariantChecker, RecordState, Violation, violated};
use crate::show;
use crate::time::seconds;

type CheckResult = Result<(), Violation>;

/// The maximum delay, in microseconds, of a claim without faults, and of the times for which a run is recorded before
/// its submission and after its completion.
pub(super) const MAX_DELAY: i64 = 3_000_000;

impl InvariantChecker {
    /// Checks the stored jobs after the fault-free phase, in which all outstanding work has completed.
    pub(crate) fn check_quiescent(
        &self,
        jobs: &[StoredJob],
        poll: i64,
        now: Timestamp,
    ) -> CheckResult {
        for job in jobs {
            let name = || show::job(Some(job));
            let late = job.claimable_at().map_or(0, |at| now.as_micros() - at.as_micros());
            if late > MAX_DELAY + poll {
                return violated("due jobs are run", format!("{} us late: {}", late, name()));
            }
            if job.record.schedule.is_none()
                && !job.record.finished
                && !self.jobs.get(&job.record.id).is_some_and(|state| state.paused)
            {
                return violated("a job has a next fire time unless it is paused", name());
            }
            if job.record.finished && job.runs.is_empty() {
                return violated("a completed job is removed", name());
            }
            for run in &job.runs {
                let is_it = |active: &super::Active| active.run == run.run_id;
                let known = self.runs.get(&run.run_id);
                let is_new = known.is_some_and(|run| now.as_micros() - run.since < MAX_DELAY);
                if !is_new
                    && !self.processes.values().any(|process| process.active.iter().any(is_it))
                {
                    let text = format!("{}: {}", show::id(run.run_id), name());
                    return violated("a recorded run is executed", text);
                }
            }
        }
        Ok(())
    }

    /// Checks the final state after all processes have shut down.
    pub(crate) fn check_final_state(&self, history: &[HistoryRecord]) -> CheckResult {
        for (number, used) in self.consumed.iter().enumerate() {
            self.check_consumed(number, used)?;
        }
        for (id, run) in &self.runs {
            let ended = self.completions.keys().any(|(ended, _)| ended == id);
            if run.record == RecordState::Cleared && !ended && !run.unscheduled {
                return violated(
                    "a recorded run is executed",
                    format!("{} of {}", show::id(*id), run.job),
                );
            }
        }
        for ((run, attempt), end) in &self.completions {
            let process = &self.processes[&end.process];
            let entry = history.iter().find(|e| (e.run_id, e.attempt) == (*run, *attempt));
            let text = |what: &str| {
                format!(
                    "attempt {attempt} at run {} in process {}: {} {what}",
                    show::id(*run),
                    end.process,
                    end.kind
                )
            };
            match entry {
                Some(entry) if entry.outcome == end.kind => {}
                Some(entry) => {
                    let text = text(&format!("in the events, {} in the history", entry.outcome));
                    return violated("history and events agree", text);
                }
                // The run was dropped by a shutdown; the process that runs it next determines its outcome.
                None if process.was_killed || process.last_shutdown.is_some() => {}
                None => return violated("each completion is in the history", text("is missing")),
            }
        }
        for entry in history {
            if !self.completions.contains_key(&(entry.run_id, entry.attempt))
                && !self.processes.values().any(|process| process.was_killed)
            {
                let text = format!(
                    "attempt {} at run {} of {}",
                    entry.attempt,
                    show::id(entry.run_id),
                    entry.job_id
                );
                return violated("the history contains only completed runs", text);
            }
        }
        Ok(())
    }

    /// Checks that each fire time consumed by a live process was reported.
    fn check_consumed(&self, number: usize, used: &ConsumedFireTimes) -> CheckResult {
        let process = &self.processes[&used.session.0];
        let is_over = process.last_shutdown.is_some_and(|last| last >= used.session.1);
        if process.was_killed || (used.was_unconfirmed && is_over) {
            return Ok(());
        }
        let at = |micros: &i64| seconds(Timestamp::from_micros(*micros));
        let name = |what: &str| {
            format!(
                "{} consumed by process {} at {:.3}: {what}",
                used.job,
                used.session.0,
                at(&used.at)
            )
        };
        let removed = self
            .jobs
            .get(&used.job)
            .is_none_or(|job| !job.exists || job.incarnation != used.incarnation);
        if used.was_unconfirmed && removed {
            return Ok(());
        }
        if let Some(time) =
            used.unreported_skips.first().filter(|_| !used.was_unconfirmed || !used.rerun)
        {
            return violated("skipped fire times are reported", name(&format!("{:.3}", at(time))));
        }
        // Recorded runs are checked separately; runs that a shutdown did not wait for may continue.
        let goes_on = |time: i64| {
            let is_it = |run: &&super::Active| (run.of, run.time) == (Some(number), time);
            process
                .active
                .iter()
                .find(is_it)
                .is_some_and(|run| run.started && (is_over || !run.worked))
        };
        let incomplete_runs = used.incomplete_runs.iter().find(|&&time| !goes_on(time));
        if let Some(time) = incomplete_runs.filter(|_| !used.rerun) {
            return violated("no fire time is lost", name(&format!("{:.3}", at(time))));
        }
        Ok(())
    }
}
