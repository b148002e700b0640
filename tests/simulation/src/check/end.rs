//! The checks after the fault-free phase, and after all processes have shut down.

use punctual_core::{HistoryEntry, StoredJob, Timestamp};

use super::{Check, RunPlace, Use, Violation, broken};
use crate::show;
use crate::time::shown;

type Seen = Result<(), Violation>;

/// The maximum delay, in microseconds, of a claim without faults, and of the times for which a run is recorded before
/// its submission and after its completion.
const PATIENCE: i64 = 3_000_000;

impl Check {
    /// Checks the stored jobs after the fault-free phase, in which all outstanding work has completed.
    pub(crate) fn quiet(&self, jobs: &[StoredJob], poll: i64, now: Timestamp) -> Seen {
        for job in jobs {
            let name = || show::job(Some(job));
            let late = job.claimable_at().map_or(0, |at| now.as_micros() - at.as_micros());
            if late > PATIENCE + poll {
                return broken("due jobs are run", format!("{} us late: {}", late, name()));
            }
            if job.record.schedule.is_none()
                && !job.record.finished
                && !self.jobs.get(&job.record.id).is_some_and(|state| state.paused)
            {
                return broken("a job has a next fire time unless it is paused", name());
            }
            if job.record.finished && job.runs.is_empty() {
                return broken("a completed job is removed", name());
            }
            for run in &job.runs {
                let is_it = |active: &super::Active| active.run == run.run_id;
                let known = self.runs.get(&run.run_id);
                let is_new = known.is_some_and(|run| now.as_micros() - run.since < PATIENCE);
                if !is_new
                    && !self.processes.values().any(|process| process.active.iter().any(is_it))
                {
                    let text = format!("{}: {}", show::id(run.run_id), name());
                    return broken("a recorded run is executed", text);
                }
            }
        }
        Ok(())
    }

    /// Checks the final state after all processes have shut down.
    pub(crate) fn end(&self, history: &[HistoryEntry]) -> Seen {
        for (number, used) in self.uses.iter().enumerate() {
            self.used_up(number, used)?;
        }
        for (id, run) in &self.runs {
            let ended = self.ends.keys().any(|(ended, _)| ended == id);
            if run.place == RunPlace::Cleared && !ended && !run.unscheduled {
                return broken(
                    "a recorded run is executed",
                    format!("{} of {}", show::id(*id), run.job),
                );
            }
        }
        for ((run, attempt), end) in &self.ends {
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
                    return broken("history and events agree", text);
                }
                // The run was dropped by a shutdown; the process that runs it next determines its outcome.
                None if process.is_dead || process.last_shutdown.is_some() => {}
                None => return broken("each completion is in the history", text("is missing")),
            }
        }
        for entry in history {
            if !self.ends.contains_key(&(entry.run_id, entry.attempt))
                && !self.processes.values().any(|process| process.is_dead)
            {
                let text = format!(
                    "attempt {} at run {} of {}",
                    entry.attempt,
                    show::id(entry.run_id),
                    entry.job_id
                );
                return broken("the history contains only completed runs", text);
            }
        }
        Ok(())
    }

    /// Checks that each fire time consumed by a live process was reported.
    fn used_up(&self, number: usize, used: &Use) -> Seen {
        let process = &self.processes[&used.session.0];
        let is_over = process.last_shutdown.is_some_and(|last| last >= used.session.1);
        if process.is_dead || (used.in_doubt && is_over) {
            return Ok(());
        }
        let at = |micros: &i64| shown(Timestamp::from_micros(*micros));
        let name = |what: &str| {
            format!(
                "{} used up by process {} at {:.3}: {what}",
                used.job,
                used.session.0,
                at(&used.at)
            )
        };
        let removed =
            self.jobs.get(&used.job).is_none_or(|job| !job.is_there || job.born != used.born);
        if used.in_doubt && removed {
            return Ok(());
        }
        if let Some(time) = used.untold.first().filter(|_| !used.in_doubt || !used.rerun) {
            return broken("skipped fire times are reported", name(&format!("{:.3}", at(time))));
        }
        // Recorded runs are checked separately; runs that a shutdown did not wait for may continue.
        let goes_on = |time: i64| {
            let is_it = |run: &&super::Active| (run.of, run.time) == (Some(number), time);
            process
                .active
                .iter()
                .find(is_it)
                .is_some_and(|run| run.begun && (is_over || !run.worked))
        };
        let unended = used.unended.iter().find(|&&time| !goes_on(time));
        if let Some(time) = unended.filter(|_| !used.rerun) {
            return broken("no fire time is lost", name(&format!("{:.3}", at(time))));
        }
        Ok(())
    }
}
