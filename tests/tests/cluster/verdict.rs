//! What the journal says.

use std::collections::HashMap;
use std::time::Duration;

use punctual::prelude::*;
use punctual_tests::journal::{self, Entry, Mark};

use crate::crew::{Fates, Finished};
use crate::plan::{Plan, Planned};
use crate::stage::Stage;

/// How long a dead process's runs may wait to be taken over.
const TAKEOVER: Duration = Duration::from_secs(15);

/// A take-over is some steps one after the other (a renewal, a search, a commit, a start), and the machine may hold up
/// each of them.
const STEPS: u32 = 4;

/// How long a dead process's runs may wait on a machine that holds everybody up by so much.
pub(crate) fn takeover(late: Duration) -> Duration {
    TAKEOVER + STEPS * late
}

/// What happened to each occurrence that anything happened to, in order.
pub(crate) struct Verdict {
    entries: Vec<Entry>,
    occurrences: HashMap<(String, Timestamp), Vec<Entry>>,
    /// The runs of those that died ended then, and those of the stopped are taken over.
    fates: Fates,
    /// How much before its time a run may begin.
    earliness: Duration,
}

/// The occurrences of one kind of job, counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub never_begun: usize,
    pub never_ended: usize,
    pub begun_again: usize,
}

impl Verdict {
    pub(crate) fn new(stage: &Stage, Finished { fates, .. }: Finished) -> Self {
        let entries = journal::read(&stage.journal());
        let mut occurrences = HashMap::<_, Vec<_>>::new();
        for entry in &entries {
            let occurrence = (entry.job.clone(), entry.scheduled);
            occurrences.entry(occurrence).or_default().push(entry.clone());
        }
        Self { entries, occurrences, fates, earliness: stage.earliness() }
    }

    pub(crate) fn of(&self, job: &str, time: Timestamp) -> &[Entry] {
        self.occurrences.get(&(job.to_owned(), time)).map_or(&[], Vec::as_slice)
    }

    /// How many lines of that kind a process wrote.
    pub(crate) fn lines_of(&self, process: &str, mark: Mark) -> usize {
        self.entries.iter().filter(|e| e.process == process && e.mark == mark).count()
    }

    /// Counts the plan's occurrences of that recovery.
    pub(crate) fn counts(&self, plan: &Plan, recovery: Recovery) -> Counts {
        let mut counts = Counts::default();
        for job in plan.jobs().filter(|job| job.recovery == recovery) {
            for &time in &job.times {
                let entries = self.of(&job.id, time);
                let count = |mark| entries.iter().filter(|entry| entry.mark == mark).count();
                counts.never_begun += usize::from(count(Mark::Begin) == 0);
                counts.never_ended += usize::from(count(Mark::End) == 0);
                counts.begun_again += usize::from(count(Mark::Begin) > 1);
            }
        }
        counts
    }

    /// Checks what always holds: nothing but the plans' occurrences was run, and none before its time; of each
    /// there is one run; its attempts follow each other, none while an earlier one is alive; `Recovery::Skip`
    /// jobs have one attempt; and of a `Recovery::Rerun` job no more than `max_instances` run at the same time
    /// in all processes.
    pub(crate) fn check(&self, plans: &[&Plan]) {
        let jobs = plans.iter().flat_map(|plan| plan.jobs());
        let jobs: HashMap<String, Planned> = jobs.map(|job| (job.id.clone(), job)).collect();
        for ((id, time), entries) in &self.occurrences {
            let job = jobs.get(id).unwrap_or_else(|| panic!("there is no job {id}"));
            assert!(job.times.binary_search(time).is_ok(), "{id} does not run at {time}");
            let early = time.saturating_since(entries[0].at);
            assert!(early <= self.earliness, "{early:?} too early: {entries:#?}");
            self.no_two_at_a_time(entries);
            if job.recovery == Recovery::Skip {
                let begins = entries.iter().filter(|e| e.mark == Mark::Begin).count();
                assert!(begins <= 1, "{id} at {time} began {begins} times: {entries:#?}");
            }
        }
        for job in jobs.values().filter(|job| job.recovery == Recovery::Rerun) {
            self.at_most_so_many_at_a_time(&job.id, job.max_instances);
        }
    }

    /// An occurrence's attempts follow each other.
    fn no_two_at_a_time(&self, entries: &[Entry]) {
        let mut last: Option<&Entry> = None;
        for (index, entry) in entries.iter().enumerate() {
            if entry.mark != Mark::Begin {
                continue;
            }
            if let Some(last) = last {
                assert_eq!(last.run, entry.run, "two runs for a run time: {entries:#?}");
                assert!(last.attempt < entry.attempt, "an attempt came twice: {entries:#?}");
                let ended = ends(last, &entries[..index]) || self.is_gone(last, entry.at);
                assert!(ended, "two live runs: {entries:#?}");
            }
            last = Some(entry);
        }
    }

    /// Whether the process of a run was dead at that instant, or has been stopped since the run began: nobody
    /// can see that it will go on.
    fn is_gone(&self, run: &Entry, at: Timestamp) -> bool {
        let stopped = |(process, from, until): &(String, Timestamp, Timestamp)| {
            *process == run.process && *from <= at && run.at <= *until
        };
        self.fates.deaths.get(&run.process).is_some_and(|&died| died <= at)
            || self.fates.stops.iter().any(stopped)
    }

    fn at_most_so_many_at_a_time(&self, job: &str, most: usize) {
        let mut alive: Vec<&Entry> = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.job == job) {
            alive.retain(|begun| {
                !self.is_gone(begun, entry.at) && !ends(begun, std::slice::from_ref(entry))
            });
            if entry.mark == Mark::Begin {
                alive.push(entry);
            }
            assert!(alive.len() <= most, "too many at a time: {alive:#?}");
        }
    }

    /// The time from the death of a process to the next beginning of a run that it left unfinished, for each
    /// such run, longest first. When the heir was killed too, before the run began, that happens again: such
    /// a time is shared among the attempts.
    pub(crate) fn takeovers(&self) -> Vec<Duration> {
        let mut takeovers = Vec::new();
        for entries in self.occurrences.values() {
            let begins: Vec<_> = entries.iter().filter(|e| e.mark == Mark::Begin).collect();
            for pair in begins.windows(2) {
                let died = self.fates.deaths.get(&pair[0].process);
                let died = died.unwrap_or_else(|| panic!("taken over from the living: {pair:#?}"));
                let attempts = pair[1].attempt - pair[0].attempt;
                takeovers.push(pair[1].at.saturating_since(*died) / attempts);
            }
        }
        takeovers.sort_unstable();
        takeovers.reverse();
        takeovers
    }

    /// How long after its time the latest occurrence began that was begun once only.
    pub(crate) fn latest(&self) -> Duration {
        let first_attempts =
            self.entries.iter().filter(|e| e.mark == Mark::Begin && e.attempt == 1);
        first_attempts.map(|e| e.at.saturating_since(e.scheduled)).max().unwrap_or_default()
    }
}

/// Whether the end of that run is among the entries.
fn ends(run: &Entry, entries: &[Entry]) -> bool {
    entries.iter().any(|entry| {
        entry.mark == Mark::End
            && entry.process == run.process
            && entry.run == run.run
            && entry.attempt == run.attempt
    })
}
