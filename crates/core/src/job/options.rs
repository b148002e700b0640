//! How a job's runs are started.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::JobError;

/// What becomes of several run times that are due at once, because the scheduler was down or busy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Coalesce {
    /// One run, for the latest of them (APScheduler's `coalesce=True`).
    #[default]
    Latest,
    /// One run, for the earliest of them that is not too late for `misfire_grace_time`.
    Earliest,
    /// A run for each (APScheduler's `coalesce=False`), as many at a time as `max_instances` allows; the
    /// others wait for a slot instead of being dropped.
    All,
}

/// What becomes of a run whose process dies before the run has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Recovery {
    /// Nothing: each occurrence runs at most once (APScheduler's behaviour).
    #[default]
    Skip,
    /// Another process, or the next one, runs it again: each occurrence runs at least once. The run is
    /// recorded before it starts and cleared when it ends. A process that has not renewed its lease in time
    /// ([`Event::LeaseLost`](crate::Event::LeaseLost)) counts as dead: what it has not begun it does not begin
    /// any more, unless nobody has taken it over; but what it had begun goes on if it was only stopped or cut
    /// off, beside the next attempt. So a task must bear being run twice. As long as the lease is renewed, no
    /// two processes are at the same run.
    Rerun,
}

/// The options of one job, all decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct JobOptions {
    /// How late a run may start; later it is skipped and reported as missed. `None`: however late.
    pub misfire_grace_time: Option<Duration>,
    /// What becomes of several due run times.
    pub coalesce: Coalesce,
    /// How many runs of the job may be under way at the same time; at least 1. For
    /// [`Recovery::Rerun`] jobs this holds across all processes that share the store.
    pub max_instances: u32,
    /// What becomes of runs whose process dies.
    pub recovery: Recovery,
}

impl Default for JobOptions {
    fn default() -> Self {
        Self {
            misfire_grace_time: None,
            coalesce: Coalesce::default(),
            max_instances: 1,
            recovery: Recovery::default(),
        }
    }
}

impl JobOptions {
    /// The options of a job that nobody has chosen any for.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How late a run may start, at least a microsecond; `None`: however late, which is the default.
    #[must_use]
    pub fn misfire_grace_time(mut self, grace: impl Into<Option<Duration>>) -> Self {
        self.misfire_grace_time = grace.into();
        self
    }

    /// What becomes of several due run times.
    #[must_use]
    pub fn coalesce(mut self, coalesce: Coalesce) -> Self {
        self.coalesce = coalesce;
        self
    }

    /// How many runs may be under way at the same time; at least 1.
    #[must_use]
    pub fn max_instances(mut self, max_instances: u32) -> Self {
        self.max_instances = max_instances;
        self
    }

    /// What becomes of runs whose process dies.
    #[must_use]
    pub fn recovery(mut self, recovery: Recovery) -> Self {
        self.recovery = recovery;
        self
    }

    /// Checks the values against each other and their ranges.
    ///
    /// # Errors
    ///
    /// [`JobError::Option`] for a `max_instances` of 0 or a `misfire_grace_time` of zero.
    pub fn check(&self) -> Result<(), JobError> {
        if self.max_instances == 0 {
            return Err(JobError::Option {
                field: "max_instances",
                value: "0".into(),
                reason: "it must be at least 1",
            });
        }
        if self.misfire_grace_time == Some(Duration::ZERO) {
            return Err(JobError::Option {
                field: "misfire_grace_time",
                value: "0".into(),
                reason: "it must be longer than nothing; None runs a job however late it is",
            });
        }
        Ok(())
    }
}

/// The options of jobs that don't choose their own.
///
/// ```
/// use punctual_core::{Coalesce, JobDefaults};
///
/// let defaults = JobDefaults::new().max_instances(3);
/// assert_eq!(defaults.coalesce, Coalesce::Latest);
/// assert_eq!(defaults.misfire_grace_time, None);
/// ```
pub type JobDefaults = JobOptions;
