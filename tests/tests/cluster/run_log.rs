//! The checks on the run log.

use std::collections::HashMap;
use std::time::Duration;

use punctual::prelude::*;
use punctual_tests::journal::{self, Entry, RunPhase};

use crate::fixture::Fixture;
use crate::processes::{ClusterReport, ProcessEvents};
use crate::workload::{Workload, WorkloadJob};

/// The maximum time until the runs of an expired node are taken over.
const MAX_TAKEOVER_TIME: Duration = Duration::from_secs(15);

/// A take-over consists of consecutive steps (a renewal, a query, a commit, a start), and each of them may be delayed.
const TAKEOVER_STEPS: u32 = 4;

/// The maximum time until the runs of an expired node are taken over on a machine with this scheduling delay.
pub(crate) fn takeover_limit(late: Duration) -> Duration {
    MAX_TAKEOVER_TIME + TAKEOVER_STEPS * late
}

/// The log entries of each fire time, in order.
pub(crate) struct RunLogChecker {
    entries: Vec<Entry>,
    fire_times: HashMap<(String, Timestamp), Vec<Entry>>,
    /// Runs of killed processes ended when they were killed, and runs of suspended processes may be taken over.
    events: ProcessEvents,
    /// How long before its scheduled time a run may start.
    earliness: Duration,
}

/// Counts of the fire times of one kind of job.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub never_started: usize,
    pub never_finished: usize,
    pub restarted: usize,
}

impl RunLogChecker {
    pub(crate) fn new(fixture: &Fixture, ClusterReport { events, .. }: ClusterReport) -> Self {
        let entries = journal::read(&fixture.journal());
        let mut fire_times = HashMap::<_, Vec<_>>::new();
        for entry in &entries {
            let key = (entry.job.clone(), entry.scheduled);
            fire_times.entry(key).or_default().push(entry.clone());
        }
        Self { entries, fire_times, events, earliness: fixture.earliness() }
    }

    pub(crate) fn of(&self, job: &str, time: Timestamp) -> &[Entry] {
        self.fire_times.get(&(job.to_owned(), time)).map_or(&[], Vec::as_slice)
    }

    /// Returns how many entries with this phase a process wrote.
    pub(crate) fn lines_of(&self, process: &str, phase: RunPhase) -> usize {
        self.entries.iter().filter(|e| e.process == process && e.phase == phase).count()
    }

    /// Counts the fire times of the workload's jobs with this recovery.
    pub(crate) fn counts(&self, workload: &Workload, recovery: Recovery) -> Counts {
        let mut counts = Counts::default();
        for job in workload.jobs().filter(|job| job.recovery == recovery) {
            for &time in &job.times {
                let entries = self.of(&job.id, time);
                let count = |phase| entries.iter().filter(|entry| entry.phase == phase).count();
                counts.never_started += usize::from(count(RunPhase::Started) == 0);
                counts.never_finished += usize::from(count(RunPhase::Finished) == 0);
                counts.restarted += usize::from(count(RunPhase::Started) > 1);
            }
        }
        counts
    }

    /// Returns the log entries of the fire times of the workload's jobs that were started more than once.
    pub(crate) fn restarted<'a>(
        &'a self,
        workload: &'a Workload,
    ) -> impl Iterator<Item = &'a [Entry]> {
        let of_job = |job: WorkloadJob| -> Vec<_> {
            job.times.iter().map(|&time| self.of(&job.id, time)).collect()
        };
        let started =
            |entries: &[Entry]| entries.iter().filter(|e| e.phase == RunPhase::Started).count();
        workload.jobs().flat_map(of_job).filter(move |entries| started(entries) > 1)
    }

    /// Checks the invariants of every test: only fire times of the workloads are run, and not early; each fire time has
    /// one run; the attempts of a run are consecutive and don't overlap; `Recovery::Skip` jobs have one attempt; and at
    /// most `max_instances` runs of a `Recovery::Rerun` job are in progress at the same time in all processes.
    pub(crate) fn check(&self, workloads: &[&Workload]) {
        let jobs = workloads.iter().flat_map(|workload| workload.jobs());
        let jobs: HashMap<String, WorkloadJob> = jobs.map(|job| (job.id.clone(), job)).collect();
        for ((id, time), entries) in &self.fire_times {
            let job = jobs.get(id).unwrap_or_else(|| panic!("there is no job {id}"));
            assert!(job.times.binary_search(time).is_ok(), "{id} has no fire time {time}");
            let early = time.saturating_since(entries[0].at);
            assert!(early <= self.earliness, "{early:?} too early: {entries:#?}");
            self.check_attempts(entries);
            if job.recovery == Recovery::Skip {
                let starts = entries.iter().filter(|e| e.phase == RunPhase::Started).count();
                assert!(starts <= 1, "{id} at {time} started {starts} times: {entries:#?}");
            }
        }
        for job in jobs.values().filter(|job| job.recovery == Recovery::Rerun) {
            self.check_max_instances(&job.id, job.max_instances);
        }
    }

    /// Checks that the attempts of a run are consecutive and don't overlap.
    fn check_attempts(&self, entries: &[Entry]) {
        let mut last: Option<&Entry> = None;
        for (index, entry) in entries.iter().enumerate() {
            if entry.phase != RunPhase::Started {
                continue;
            }
            if let Some(last) = last {
                assert_eq!(last.run, entry.run, "two runs for one fire time: {entries:#?}");
                if entry.attempt < last.attempt && self.was_suspended(&entry.process, last.at) {
                    // Suspended after the check whether its lease is valid, and before the first line of the run.
                    continue;
                }
                assert!(last.attempt < entry.attempt, "an attempt was repeated: {entries:#?}");
                let ended = ends(last, &entries[..index]) || self.may_be_taken_over(last, entry.at);
                assert!(ended, "two attempts overlap: {entries:#?}");
            }
            last = Some(entry);
        }
    }

    /// Returns whether the process of a run was killed before `at`, or has been suspended since the run started: no
    /// other node can detect that a suspended process will resume.
    fn may_be_taken_over(&self, run: &Entry, at: Timestamp) -> bool {
        let stopped = |(process, from, until): &(String, Timestamp, Timestamp)| {
            *process == run.process && *from <= at && run.at <= *until
        };
        self.events.kill_times.get(&run.process).is_some_and(|&killed_at| killed_at <= at)
            || self.events.suspensions.iter().any(stopped)
    }

    fn was_suspended(&self, process: &str, at: Timestamp) -> bool {
        let suspended = |(name, from, until): &(String, Timestamp, Timestamp)| {
            name == process && *from <= at && at <= *until
        };
        self.events.suspensions.iter().any(suspended)
    }

    fn check_max_instances(&self, job: &str, most: usize) {
        let mut active: Vec<&Entry> = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.job == job) {
            active.retain(|started| {
                !self.may_be_taken_over(started, entry.at)
                    && !ends(started, std::slice::from_ref(entry))
            });
            if entry.phase == RunPhase::Started {
                active.push(entry);
            }
            assert!(active.len() <= most, "more than `max_instances` runs: {active:#?}");
        }
    }

    /// Returns the time from the kill of a process to the restart of each run that it interrupted, longest first. If
    /// the node that took over was killed too before the run started, the time is divided by the number of attempts.
    pub(crate) fn takeovers(&self) -> Vec<Duration> {
        let mut takeovers = Vec::new();
        for entries in self.fire_times.values() {
            let starts: Vec<_> = entries.iter().filter(|e| e.phase == RunPhase::Started).collect();
            for pair in starts.windows(2) {
                let killed_at = self.events.kill_times.get(&pair[0].process);
                let killed_at = killed_at
                    .unwrap_or_else(|| panic!("taken over from a live node: {entries:#?}"));
                let attempts = pair[1].attempt - pair[0].attempt;
                takeovers.push(pair[1].at.saturating_since(*killed_at) / attempts);
            }
        }
        takeovers.sort_unstable();
        takeovers.reverse();
        takeovers
    }

    /// Returns the longest delay between the scheduled time and the start of a run that started only once.
    pub(crate) fn latest(&self) -> Duration {
        let first_attempts =
            self.entries.iter().filter(|e| e.phase == RunPhase::Started && e.attempt == 1);
        first_attempts.map(|e| e.at.saturating_since(e.scheduled)).max().unwrap_or_default()
    }
}

/// Returns whether the entries contain the completion of that run.
fn ends(run: &Entry, entries: &[Entry]) -> bool {
    entries.iter().any(|entry| {
        entry.phase == RunPhase::Finished
            && entry.process == run.process
            && entry.run == run.run
            && entry.attempt == run.attempt
    })
}
