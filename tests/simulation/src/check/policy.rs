//! A simple model of a job's definition.

use punctual_core::{Coalesce, Jitter, JobDefinition, JobRecord, Recovery, Timestamp};
use serde::Deserialize;

/// The maximum number of runs that one pass starts.
const MAX_RUNS_PER_PASS: usize = 64;

/// All times are in microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    start: i64,
    every: i64,
    pub(super) max_runs: Option<u64>,
    pub(super) jitter: i64,
    pub(super) grace: Option<i64>,
    pub(super) coalesce: Coalesce,
    pub(super) max_instances: u32,
    pub(super) rerun: bool,
}

#[derive(Deserialize)]
struct Interval {
    interval_micros: i64,
    start_date: Timestamp,
    max_runs: Option<u64>,
    jitter: Option<Jitter>,
}

/// The expected result for a due job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) runs: Vec<i64>,
    pub(super) skipped: Vec<i64>,
    /// The next fire time; `None` if the job is completed.
    pub(super) next: Option<i64>,
}

fn micros(time: std::time::Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

impl Policy {
    pub(super) fn of(record: &JobRecord) -> Self {
        let definition = JobDefinition::decode(record.definition.as_bytes()).expect("a definition");
        let trigger: Interval = definition.trigger.decode(u32::MAX).expect("an interval");
        let options = definition.options;
        Self {
            start: trigger.start_date.as_micros(),
            every: trigger.interval_micros,
            max_runs: trigger.max_runs,
            jitter: match trigger.jitter {
                Some(Jitter::OneSided(delay)) => micros(delay),
                _ => 0,
            },
            grace: options.misfire_grace_time.map(micros),
            coalesce: options.coalesce,
            max_instances: options.max_instances,
            rerun: options.recovery == Recovery::Rerun,
        }
    }

    /// Returns the first fire time after an instant.
    fn after(&self, instant: i64) -> i64 {
        if instant < self.start {
            return self.start;
        }
        self.start + ((instant - self.start) / self.every + 1) * self.every
    }

    /// Returns the next fire time after a run at `first` alone.
    pub(super) fn next_after_one(&self, first: i64, fired: u64) -> Option<i64> {
        self.max_runs.is_none_or(|max| fired + 1 < max).then(|| self.after(first))
    }

    /// Returns the latest time at which a run may start.
    pub(super) fn deadline(&self, run_time: i64) -> Option<i64> {
        Some(run_time + self.grace? + self.jitter)
    }

    /// Returns the expected result for a job that is due at `now`, has `fired` earlier runs and `free` free instances.
    pub(super) fn expect(&self, first: i64, now: i64, fired: u64, free: usize) -> Expected {
        let now = now.max(first);
        let mut due = vec![first];
        let mut next = self.after(first);
        while next <= now {
            due.push(next);
            next = self.after(next);
        }
        let left = self.max_runs.map_or(u64::MAX, |max| max.saturating_sub(fired));
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        if left == 0 {
            return Expected { runs: Vec::new(), skipped: Vec::new(), next: None };
        }
        let in_time: Vec<i64> = due
            .iter()
            .copied()
            .filter(|&time| self.deadline(time).is_none_or(|deadline| now <= deadline))
            .collect();
        let mut runs = match self.coalesce {
            Coalesce::All => in_time,
            Coalesce::Earliest => in_time.into_iter().take(1).collect(),
            _ => in_time.into_iter().last().into_iter().collect::<Vec<_>>(),
        };
        if self.coalesce == Coalesce::All {
            let wanted = runs.len();
            runs.truncate(free.min(MAX_RUNS_PER_PASS).min(left));
            if runs.len() < wanted && runs.len() < left {
                // The remaining fire times are deferred.
                let from = due.iter().position(|time| {
                    runs.last().map_or_else(
                        || self.deadline(*time).is_none_or(|deadline| now <= deadline),
                        |last| time > last,
                    )
                });
                next = due[from.unwrap_or(0)];
                due.retain(|&time| time < next);
            }
            if runs.len() == left {
                // The job completes with its last run.
                due.retain(|time| runs.last().is_none_or(|last| time <= last));
            }
        } else {
            runs.truncate(free);
        }
        let next = (runs.len() < left).then_some(next);
        due.retain(|time| !runs.contains(time));
        Expected { runs, skipped: due, next }
    }
}
