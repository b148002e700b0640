//! The options of jobs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{JobError, RetryPolicy};

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
    /// further runs are delayed instead of being skipped, unless [`Overlap`] is set.
    All,
}

/// What happens to a fire time of a job of which `max_instances` runs are in progress. It applies after
/// [`Coalesce`], which decides how many runs several due fire times have.
///
/// A fire time that waits is checked again when a run ends in this process, and every second. It is subject to
/// `misfire_grace_time` while it waits. The number of runs in progress includes those that users have started, and for
/// [`Recovery::Rerun`] jobs those of other processes.
///
/// `docs/guide/misfires.md` in the repository has the result for each combination of options as a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Overlap {
    /// It is skipped, with the event [`JobMaxInstances`](crate::Event::JobMaxInstances).
    Skip,
    /// One fire time waits until a run has ended: with [`Coalesce::All`] the latest, which replaces the one that has
    /// waited before.
    QueueOne,
    /// All fire times wait: with [`Coalesce::All`] each has its own run, otherwise they are coalesced into one when it
    /// starts.
    QueueAll,
    /// Cancellation of the oldest run in this process is requested, and the fire time waits until it has ended;
    /// `max_instances` is never exceeded. With [`Coalesce::All`] at most `max_instances` fire times wait, the latest.
    ///
    /// Cancellation is cooperative for tasks in this process ([`JobContext::cancelled`](crate::JobContext::cancelled));
    /// the future of an async task that does not end is dropped after the `cancel_grace` of the scheduler, and a child process of
    /// an executor, or a command, is terminated after its grace time. A run that was not started yet does not start. A cancelled run is not repeated, also if its job has [`Recovery::Rerun`]. Runs in other processes
    /// are not cancelled: the fire time waits for them.
    CancelRunning,
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
    /// What happens to fire times while `max_instances` runs are in progress. `None` means [`Overlap::QueueAll`] with
    /// [`Coalesce::All`], and otherwise [`Overlap::Skip`].
    pub overlap: Option<Overlap>,
    /// The maximum number of due fire times that are caught up with [`Coalesce::All`], from 1 to 10,000: the
    /// latest ones. Earlier ones are skipped. `None` means no limit.
    pub max_catch_up_runs: Option<u32>,
    /// The maximum age of the fire times that are caught up, at least 1 µs, to which the maximum of the trigger's jitter
    /// is added. Earlier ones are skipped when the job is processed. In contrast to `misfire_grace_time`, a run that
    /// waits in its executor's queue is not subject to it. `None` means no limit.
    pub max_catch_up_age: Option<Duration>,
    /// The maximum duration of a run, at least 1 µs. Its cancellation is then requested. `None` means no limit.
    pub timeout: Option<Duration>,
    /// When failed runs are retried. `None` means that they are not.
    pub retry: Option<Box<RetryPolicy>>,
}

impl Default for JobOptions {
    fn default() -> Self {
        Self {
            misfire_grace_time: None,
            coalesce: Coalesce::default(),
            max_instances: 1,
            recovery: Recovery::default(),
            overlap: None,
            max_catch_up_runs: None,
            max_catch_up_age: None,
            timeout: None,
            retry: None,
        }
    }
}

impl JobOptions {
    /// The largest value of [`max_catch_up_runs`](Self::max_catch_up_runs). The fire times up to the limit are counted
    /// one by one.
    pub const MAX_CATCH_UP_RUNS: u32 = 10_000;

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

    /// Sets what happens to fire times while `max_instances` runs are in progress. `None`, the default, means
    /// [`Overlap::QueueAll`] with [`Coalesce::All`], and otherwise [`Overlap::Skip`].
    #[must_use]
    pub fn overlap(mut self, overlap: impl Into<Option<Overlap>>) -> Self {
        self.overlap = overlap.into();
        self
    }

    /// Sets the maximum number of due fire times that are caught up with [`Coalesce::All`], from 1 to 10,000. `None`,
    /// the default, means no limit.
    #[must_use]
    pub fn max_catch_up_runs(mut self, runs: impl Into<Option<u32>>) -> Self {
        self.max_catch_up_runs = runs.into();
        self
    }

    /// Sets the maximum age of the fire times that are caught up, at least 1 µs. `None`, the default, means no limit.
    #[must_use]
    pub fn max_catch_up_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.max_catch_up_age = age.into();
        self
    }

    /// Sets the maximum duration of a run, from its start in the executor, at least 1 µs. `None`, the default, means no
    /// limit.
    ///
    /// When it has elapsed, cancellation of the run is requested
    /// ([`JobContext::cancelled`](crate::JobContext::cancelled)). The future of an async task that has not ended after the
    /// scheduler's `cancel_grace` is dropped, and a child process is killed after the grace time of its executor; a
    /// function that occupies a thread can only be asked. When the run has ended, its outcome is
    /// [`TimedOut`](crate::RunOutcome::TimedOut), whatever its task has returned.
    #[must_use]
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// Sets when failed runs are retried. `None`, the default, means that they are not.
    ///
    /// ```
    /// use std::time::Duration;
    /// use punctual_core::{JobOptions, RetryPolicy};
    ///
    /// let policy = RetryPolicy::exponential(Duration::from_secs(5)).max_attempts(4);
    /// assert!(JobOptions::new().retry(policy).retry.is_some());
    /// ```
    #[must_use]
    pub fn retry(mut self, policy: impl Into<Option<RetryPolicy>>) -> Self {
        self.retry = policy.into().map(Box::new);
        self
    }

    /// Returns what happens to fire times while `max_instances` runs are in progress: [`overlap`](Self::overlap), or its
    /// default.
    #[must_use]
    pub fn effective_overlap(&self) -> Overlap {
        self.overlap.unwrap_or(match self.coalesce {
            Coalesce::All => Overlap::QueueAll,
            Coalesce::Latest | Coalesce::Earliest => Overlap::Skip,
        })
    }

    /// Validates the values.
    ///
    /// # Errors
    ///
    /// Returns [`JobError::Option`] if `max_instances` is 0, `max_catch_up_runs` is not in its range, or
    /// `misfire_grace_time`, `max_catch_up_age` or `timeout` is less than 1 µs, or the retry policy is invalid.
    pub fn check(&self) -> Result<(), JobError> {
        let count = |field, value: u32, reason| {
            Err(JobError::Option { field, value: value.to_string(), reason })
        };
        if self.max_instances == 0 {
            return count("max_instances", 0, "it must be at least 1");
        }
        if let Some(max) = self.max_catch_up_runs
            && !(1..=Self::MAX_CATCH_UP_RUNS).contains(&max)
        {
            let reason = "it must be from 1 to 10000; use None for no limit";
            return count("max_catch_up_runs", max, reason);
        }
        if let Some(policy) = &self.retry {
            policy.check()?;
        }
        let durations = [
            ("misfire_grace_time", self.misfire_grace_time),
            ("max_catch_up_age", self.max_catch_up_age),
            ("timeout", self.timeout),
        ];
        for (field, duration) in durations {
            if let Some(duration) = duration.filter(|own| *own < Duration::from_micros(1)) {
                return Err(JobError::Option {
                    field,
                    value: format!("{duration:?}"),
                    reason: "it must be at least 1us; use None for no limit",
                });
            }
        }
        Ok(())
    }
}
