//! Options for the run history: whether it is recorded, and how long entries are kept.

use std::time::Duration;

/// Options for the run history of a store: whether it is recorded, and how long entries are kept.
///
/// One entry is written for each completed run, in the batches that the scheduler commits anyway: see
/// [`SchedulerBuilder::history`](crate::SchedulerBuilder::history).
///
/// ```
/// use std::time::Duration;
/// use punctual_scheduler::HistoryOptions;
///
/// let week = HistoryOptions::enabled().max_age(Duration::from_secs(7 * 86_400)).max_per_job(None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "options do nothing until they are given to a builder"]
pub struct HistoryOptions {
    pub(crate) on: bool,
    pub(crate) max_age: Option<Duration>,
    pub(crate) max_per_job: Option<usize>,
}

impl HistoryOptions {
    /// History enabled. Entries older than 30 days are removed, as are all but the newest 1,000 of each job.
    pub fn enabled() -> Self {
        let max_age = Duration::from_secs(30 * 86_400);
        Self { on: true, max_age: Some(max_age), max_per_job: Some(1_000) }
    }

    /// History disabled. Existing entries are not removed.
    pub fn disabled() -> Self {
        Self { on: false, max_age: None, max_per_job: None }
    }

    /// Sets the maximum age of entries, from the end of the run; `None` means no limit. Older entries are removed
    /// within minutes.
    pub fn max_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.max_age = age.into();
        self
    }

    /// Sets the maximum number of entries of each job, of which the newest are kept; `None` means no limit. A job may
    /// temporarily have up to 125 % of this number, and occasionally more. Entries of jobs that no longer run are
    /// removed by age only.
    pub fn max_per_job(mut self, count: impl Into<Option<usize>>) -> Self {
        self.max_per_job = count.into();
        self
    }
}
