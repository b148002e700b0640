//! The options of jobs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::JobError;

/// How a job is run for which several run times are due at the same time, for example because the scheduler was down
/// or busy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Coalesce {
    /// One run, for the latest run time (`coalesce=True` in APScheduler).
    #[default]
    Latest,
    /// One run, for the earliest run time that is within `misfire_grace_time`.
    Earliest,
    /// One run for each run time (`coalesce=False` in APScheduler), with at most `max_instances` concurrent runs;
    /// further runs are delayed instead of being skipped.
    All,
}

/// How a run is handled whose process terminates before the run has finished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Recovery {
    /// The run is not repeated: each occurrence runs at most once, as in APScheduler.
    #[default]
    Skip,
    /// Another process, or the next one of the same scheduler, repeats the run: each occurrence runs at least once.
    /// A run starts under the claim of its job, or is recorded before; it is recorded if it takes longer than some
    /// milliseconds, and deleted when it finishes. A process whose lease has expired
    /// ([`Event::LeaseLost`](crate::Event::LeaseLost)) starts none of these runs unless it finds that they were not
    /// taken over. Runs that it has already started may continue while another process runs the next
    /// attempt; the task must therefore be idempotent. As long as leases are renewed in time, only one process
    /// executes a given run.
    Rerun,
}

/// The options of a job, or the default options of all jobs of a scheduler, with all values set.
///
/// ```
/// use punctual_core::{Coalesce, JobOptions};
///
/// let options = JobOptions::new().max_instances(3);
/// assert_eq!(options.coalesce, Coalesce::Latest);
/// assert_eq!(options.misfire_grace_time, None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct JobOptions {
    /// The maximum delay with which a run may start; a later run is skipped and reported as missed. If the trigger has
    /// jitter, its maximum is added to the limit. `None` means no limit.
    pub misfire_grace_time: Option<Duration>,
    /// How several due run times are handled.
    pub coalesce: Coalesce,
    /// The maximum number of concurrent runs of the job, at least 1. For [`Recovery::Rerun`] jobs the limit applies
    /// across all processes that share the store.
    pub max_instances: u32,
    /// How runs of terminated processes are handled.
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
    /// Returns the default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the maximum delay with which a run may start, at least 1 µs. `None`, the default, means no limit.
    #[must_use]
    pub fn misfire_grace_time(mut self, grace: impl Into<Option<Duration>>) -> Self {
        self.misfire_grace_time = grace.into();
        self
    }

    /// Sets how several due run times are handled.
    #[must_use]
    pub fn coalesce(mut self, coalesce: Coalesce) -> Self {
        self.coalesce = coalesce;
        self
    }

    /// Sets the maximum number of concurrent runs, at least 1.
    #[must_use]
    pub fn max_instances(mut self, max_instances: u32) -> Self {
        self.max_instances = max_instances;
        self
    }

    /// Sets how runs of terminated processes are handled.
    #[must_use]
    pub fn recovery(mut self, recovery: Recovery) -> Self {
        self.recovery = recovery;
        self
    }

    /// Validates the values.
    ///
    /// # Errors
    ///
    /// Returns [`JobError::Option`] if `max_instances` is 0 or `misfire_grace_time` is less than 1 µs.
    pub fn check(&self) -> Result<(), JobError> {
        if self.max_instances == 0 {
            return Err(JobError::Option {
                field: "max_instances",
                value: "0".into(),
                reason: "it must be at least 1",
            });
        }
        if let Some(grace) = self.misfire_grace_time
            && grace < Duration::from_micros(1)
        {
            return Err(JobError::Option {
                field: "misfire_grace_time",
                value: format!("{grace:?}"),
                reason: "it must be at least 1us; use None for no limit",
            });
        }
        Ok(())
    }
}
