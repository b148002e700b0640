//! Whether past runs are written down, and for how long they are kept.

use std::time::Duration;

/// Whether a store's history of runs is kept, and for how long.
///
/// For each run that has ended there is one entry, written in the batches that the scheduler commits
/// anyway: see [`SchedulerBuilder::history`](crate::SchedulerBuilder::history).
///
/// ```
/// use std::time::Duration;
/// use punctual_scheduler::HistoryOptions;
///
/// let week = HistoryOptions::on().max_age(Duration::from_secs(7 * 86_400)).max_per_job(None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "options do nothing until they are given to a builder"]
pub struct HistoryOptions {
    pub(crate) on: bool,
    pub(crate) max_age: Option<Duration>,
    pub(crate) max_per_job: Option<usize>,
}

impl HistoryOptions {
    /// Runs are written down. Entries are kept for 30 days, of each job the newest 1,000.
    pub fn on() -> Self {
        let max_age = Duration::from_secs(30 * 86_400);
        Self { on: true, max_age: Some(max_age), max_per_job: Some(1_000) }
    }

    /// Nothing is written down, and nothing that is there is forgotten.
    pub fn off() -> Self {
        Self { on: false, max_age: None, max_per_job: None }
    }

    /// How long entries are kept at least, from the end of the run on; `None`: for ever. They go within
    /// minutes after that.
    pub fn max_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.max_age = age.into();
        self
    }

    /// How many entries of a job are kept at least; `None`: any number. More than five quarters of it
    /// are there for a while only, but for jobs that have stopped running, whose entries go by age.
    pub fn max_per_job(mut self, count: impl Into<Option<usize>>) -> Self {
        self.max_per_job = count.into();
        self
    }
}
