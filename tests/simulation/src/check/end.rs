//! What must be when everything has been well for a while, and when all have shut down.

use punctual_core::{HistoryEntry, StoredJob, Timestamp};

use super::{Check, RunPlace, Use, Violation, broken};
use crate::show;
use crate::time::shown;

type Seen = Result<(), Violation>;

/// How late a due job may be claimed when all is well, and how long a run is recorded before it is submitted and after
/// its end, in microseconds.
const PATIENCE: i64 = 3_000_000;

impl Check {
    /// All has been well for so long that everything must have been made up for.
    pub(crate) fn quiet(&self, jobs: &[StoredJob], poll: i64, now: Timestamp) -> Seen {
        for job in jobs {
            let name = || show::job(Some(job));
            let late = job.claimable_at().map_or(0, |at| now.as_micros() - at.as_micros());
            if late > PATIENCE + poll {
                return broken("what is due is run", format!("{} us late: {}", late, name()));
            }
            if job.record.schedule.is_none()
                && !job.record.finished
                && !self.jobs.get(&job.record.id).is_some_and(|state| state.paused)
            {
                return broken("a job goes on unless it is paused", name());
            }
            if job.record.finished && job.runs.is_empty() {
                return broken("a job leaves when it is finished", name());
            }
            for run in &job.runs {
                let is_it = |active: &super::Active| active.run == run.run_id;
                let known = self.runs.get(&run.run_id);
                let is_new = known.is_some_and(|run| now.as_micros() - run.since < PATIENCE);
                if !is_new
                    && !self.processes.values().any(|process| process.active.iter().any(is_it))
                {
                    let text = format!("{}: {}", show::id(run.run_id), name());
                    return broken("a recorded run is run", text);
                }
            }
        }
        Ok(())
    }

    /// All have shut down.
    pub(crate) fn end(&self, history: &[HistoryEntry]) -> Seen {
        for (number, used) in self.uses.iter().enumerate() {
            self.used_up(number, used)?;
        }
        for (id, run) in &self.runs {
            let ended = self.ends.keys().any(|(ended, _)| ended == id);
            if run.place == RunPlace::Cleared && !ended && !run.unscheduled {
                return broken(
                    "a recorded run is run",
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
                    return broken("the history is as the events tell", text);
                }
                // Dropped by a shutdown: whoever runs it next has the last word.
                None if process.is_dead || process.last_shutdown.is_some() => {}
                None => return broken("each end is in the history", text("is not there")),
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
                return broken("the history tells nothing else", text);
            }
        }
        Ok(())
    }

    /// Each run time that a living process has used up was told.
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
            return broken("what is passed over is told", name(&format!("{:.3}", at(time))));
        }
        // Recorded runs are looked at by themselves; those that a shutdown has left alone may go on.
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
            return broken("no run time is lost", name(&format!("{:.3}", at(time))));
        }
        Ok(())
    }
}
