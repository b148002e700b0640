//! Retries of failed runs.

use std::ops::BitOr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{JobError, JobId};
use crate::store::RunId;
use crate::time::Timestamp;

/// How often, when and after which failures a run is retried.
///
/// A retry is stored, so that it outlives the process, and may be executed by any process that shares the store. It is an
/// attempt of the same run, with the next attempt number. When no further attempt is allowed, the run becomes a dead letter: a
/// job without a next run time, which is kept until it is retried by a user or removed.
///
/// The first attempt is included in the number of attempts, as are those that were interrupted by the end of a process.
///
/// ```
/// use std::time::Duration;
/// use punctual_core::{RetryOn, RetryPolicy};
///
/// // After 1, 2, 4, 8 and 10 seconds, each reduced by up to a half at random.
/// let policy = RetryPolicy::exponential(Duration::from_secs(1))
///     .max_delay(Duration::from_secs(10))
///     .jitter(50)
///     .max_attempts(6)
///     .on(RetryOn::FAILED | RetryOn::TIMED_OUT);
/// assert_eq!(policy.delay_after(4), Duration::from_secs(8));
/// assert_eq!(policy.delay_after(5), Duration::from_secs(10));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryPolicy {
    delay: Duration,
    factor: u32,
    max_delay: Option<Duration>,
    jitter: u8,
    max_attempts: u32,
    max_elapsed: Option<Duration>,
    on: RetryOn,
}

impl RetryPolicy {
    /// The number of attempts unless [`max_attempts`](Self::max_attempts) is called.
    pub const DEFAULT_ATTEMPTS: u32 = 3;

    /// Retries after the same delay each time.
    #[must_use]
    pub fn fixed(delay: Duration) -> Self {
        Self {
            delay,
            factor: 1,
            max_delay: None,
            jitter: 0,
            max_attempts: Self::DEFAULT_ATTEMPTS,
            max_elapsed: None,
            on: RetryOn::default(),
        }
    }

    /// Retries after this delay the first time, and then each time after twice the previous delay.
    #[must_use]
    pub fn exponential(delay: Duration) -> Self {
        Self { factor: 2, ..Self::fixed(delay) }
    }

    /// Sets the factor by which each delay is longer than the previous one, at least 1.
    #[must_use]
    pub fn factor(self, factor: u32) -> Self {
        Self { factor, ..self }
    }

    /// Sets the longest delay, without jitter. `None`, the default, means no limit.
    #[must_use]
    pub fn max_delay(self, delay: impl Into<Option<Duration>>) -> Self {
        Self { max_delay: delay.into(), ..self }
    }

    /// Reduces each delay at random, by up to this percentage of it: 0, the default, to 100. 50 is known as equal
    /// jitter, 100 as full jitter.
    #[must_use]
    pub fn jitter(self, percent: u8) -> Self {
        Self { jitter: percent, ..self }
    }

    /// Sets the number of attempts, including the first one, at least 1. Default: 3. With 1, a failed run becomes a dead letter
    /// immediately.
    #[must_use]
    pub fn max_attempts(self, attempts: u32) -> Self {
        Self { max_attempts: attempts, ..self }
    }

    /// Sets the time after the first failure from which on no attempt is started. `None`, the default, means no limit.
    #[must_use]
    pub fn max_elapsed(self, elapsed: impl Into<Option<Duration>>) -> Self {
        Self { max_elapsed: elapsed.into(), ..self }
    }

    /// Sets the failures after which a run is retried. Default: all but [`RetryOn::LOST`].
    #[must_use]
    pub fn on(self, failures: RetryOn) -> Self {
        Self { on: failures, ..self }
    }

    /// Returns the failures after which a run is retried.
    #[must_use]
    pub fn retried_failures(&self) -> RetryOn {
        self.on
    }

    /// Returns the delay after the failure of this attempt, without jitter. The first attempt is 1.
    #[must_use]
    pub fn delay_after(&self, attempt: u32) -> Duration {
        let longest = self.max_delay.unwrap_or(Duration::MAX);
        let factor = self.factor.max(1).checked_pow(attempt.saturating_sub(1));
        factor.and_then(|factor| self.delay.checked_mul(factor)).unwrap_or(longest).min(longest)
    }

    /// Returns when the attempt after `attempt` starts, which has failed at `now`; `None` if there is no further one.
    /// `random` returns a number below its argument. `delay` replaces that of this policy.
    #[must_use]
    pub fn next_attempt_at(
        &self,
        attempt: u32,
        first_failure: Timestamp,
        now: Timestamp,
        delay: Option<Duration>,
        random: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Timestamp> {
        if attempt >= self.max_attempts {
            return None;
        }
        let delay = delay.unwrap_or_else(|| {
            let delay = self.delay_after(attempt);
            let reducible = delay.as_micros() * u128::from(self.jitter) / 100;
            let reducible = u64::try_from(reducible).unwrap_or(u64::MAX - 1);
            delay.saturating_sub(Duration::from_micros(random(reducible + 1)))
        });
        let at = now.saturating_add(delay);
        let is_too_late =
            self.max_elapsed.is_some_and(|elapsed| at >= first_failure.saturating_add(elapsed));
        (!is_too_late).then_some(at)
    }

    /// Validates the values.
    ///
    /// # Errors
    ///
    /// Returns [`JobError::Option`] if the number of attempts or the factor is 0, or the jitter is more than 100.
    pub fn check(&self) -> Result<(), JobError> {
        let at_least_1 = "it must be at least 1";
        let rules = [
            ("retry.max_attempts", self.max_attempts, self.max_attempts > 0, at_least_1),
            ("retry.factor", self.factor, self.factor > 0, at_least_1),
            ("retry.jitter", self.jitter.into(), self.jitter <= 100, "it must be at most 100"),
        ];
        match rules.into_iter().find(|(_, _, is_valid, _)| !is_valid) {
            Some((field, value, _, reason)) => {
                Err(JobError::Option { field, value: value.to_string(), reason })
            }
            None => Ok(()),
        }
    }
}

/// A set of failures after which runs are retried.
///
/// ```
/// use punctual_core::RetryOn;
///
/// let failures = RetryOn::FAILED | RetryOn::PANICKED;
/// assert!(failures.contains(RetryOn::FAILED) && !failures.contains(RetryOn::TIMED_OUT));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RetryOn(u8);

impl RetryOn {
    /// The task returned an error, unless it is a [`PermanentError`](crate::PermanentError).
    pub const FAILED: Self = Self(1);
    /// The task panicked.
    pub const PANICKED: Self = Self(2);
    /// The run exceeded the timeout of its job.
    pub const TIMED_OUT: Self = Self(4);
    /// The process of the run terminated before it finished.
    pub const KILLED: Self = Self(8);
    /// No executor completed the run: it was rejected or lost. Runs of [`Recovery::Rerun`](crate::Recovery::Rerun) jobs are
    /// repeated in this case anyway, without a limit.
    pub const LOST: Self = Self(16);
    /// All failures.
    pub const ALL: Self = Self(31);

    /// The names of the failures in stores and in configuration.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("failed", Self::FAILED),
        ("panicked", Self::PANICKED),
        ("timed_out", Self::TIMED_OUT),
        ("killed", Self::KILLED),
        ("lost", Self::LOST),
    ];

    /// Returns whether all failures of the other set are in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the set of failures with these [names](Self::NAMES); `None` if one is unknown.
    #[must_use]
    pub fn from_names<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Option<Self> {
        names.into_iter().try_fold(Self(0), |set, name| {
            let found = Self::NAMES.iter().find(|(known, _)| *known == name.as_ref())?;
            Some(set | found.1)
        })
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        let names = Self::NAMES.iter().filter(move |(_, failure)| self.contains(*failure));
        names.map(|(name, _)| *name)
    }
}

impl Default for RetryOn {
    fn default() -> Self {
        Self(Self::ALL.0 & !Self::LOST.0)
    }
}

impl BitOr for RetryOn {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Serialize for RetryOn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

impl<'de> Deserialize<'de> for RetryOn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        Self::from_names(names).ok_or_else(|| serde::de::Error::custom("an unknown failure"))
    }
}

/// Part of the definition of a job that is a retry or a dead letter: the run to which its run belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RetryOf {
    /// The job whose run failed, in the same store.
    pub job_id: JobId,
    /// The id of the run, which its attempts have in common.
    pub run_id: RunId,
    /// The time computed by the trigger of the job.
    pub scheduled_time: Timestamp,
    /// The number of the attempt that failed last.
    pub failed_attempt: u32,
    /// The id of the retry or the dead letter that executed that attempt. `None`: it was the run of the job itself.
    pub failed_retry: Option<JobId>,
    /// The number of attempts before the policy began to count: those before a user has retried a dead letter.
    pub earlier_attempts: u32,
    /// When the first counted attempt failed.
    pub first_failure: Timestamp,
    /// When the last attempt failed.
    pub last_failure: Timestamp,
    /// The kind of the last failure, such as `failed`: the name of an [`OutcomeKind`](crate::OutcomeKind).
    pub outcome: String,
    /// The error of the last attempt with its causes, if there is one, at most [`MAX_ERROR`](Self::MAX_ERROR) bytes.
    pub error: Option<String>,
    /// Whether it is a dead letter: no further attempt was allowed.
    pub is_dead: bool,
}

impl RetryOf {
    /// The maximum size of the error in bytes.
    pub const MAX_ERROR: usize = 1_000;

    /// Creates the description of a run whose first attempt failed.
    #[must_use]
    pub fn new(
        job_id: JobId,
        run_id: RunId,
        scheduled_time: Timestamp,
        failed_attempt: u32,
        failed_at: Timestamp,
        outcome: String,
    ) -> Self {
        Self {
            job_id,
            run_id,
            scheduled_time,
            failed_attempt,
            failed_retry: None,
            earlier_attempts: 0,
            first_failure: failed_at,
            last_failure: failed_at,
            outcome,
            error: None,
            is_dead: false,
        }
    }

    /// Returns the id of the job whose run was the attempt that failed last.
    #[must_use]
    pub fn failed_id(&self) -> &JobId {
        self.failed_retry.as_ref().unwrap_or(&self.job_id)
    }

    /// Returns the number of the next attempt.
    #[must_use]
    pub fn next_attempt(&self) -> u32 {
        self.failed_attempt.saturating_add(1)
    }

    /// Returns the id of the job that is this retry or dead letter.
    #[must_use]
    pub fn id(&self) -> JobId {
        let Self { run_id, failed_attempt, .. } = self;
        let kind = if self.is_dead { JobId::DEAD_PREFIX } else { JobId::RETRY_PREFIX };
        JobId::derived(format!("{kind}{run_id}:{failed_attempt}"))
    }

    /// Returns the ids of the retry and the dead letter that follow an attempt of a run which has failed: at most one of them
    /// is stored.
    #[must_use]
    pub fn ids_after(run_id: RunId, failed_attempt: u32) -> [JobId; 2] {
        [JobId::RETRY_PREFIX, JobId::DEAD_PREFIX]
            .map(|kind| JobId::derived(format!("{kind}{run_id}:{failed_attempt}")))
    }

    /// Sets the error, without the part beyond [`MAX_ERROR`](Self::MAX_ERROR).
    #[must_use]
    pub fn with_error(mut self, error: Option<String>) -> Self {
        self.error = error.map(|mut error| {
            error.truncate(error.floor_char_boundary(Self::MAX_ERROR));
            error
        });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn next(policy: &RetryPolicy, attempt: u32, random: u64) -> Option<i64> {
        let (first, now) = (Timestamp::from_seconds(0), Timestamp::from_seconds(100));
        let at =
            policy.next_attempt_at(attempt, first, now, None, &mut |below| random.min(below - 1));
        at.map(|at| at.as_micros() / 1_000 - 100_000)
    }

    #[test]
    fn delays_grow_up_to_the_limit_and_attempts_end() {
        let policy = RetryPolicy::exponential(SECOND).max_delay(5 * SECOND).max_attempts(5);
        let delays: Vec<_> = (1..=6).map(|attempt| next(&policy, attempt, 0)).collect();
        assert_eq!(delays, [Some(1_000), Some(2_000), Some(4_000), Some(5_000), None, None]);
        let fixed = RetryPolicy::fixed(SECOND);
        assert_eq!(
            [1, 2, 3].map(|attempt| next(&fixed, attempt, 0)),
            [Some(1_000), Some(1_000), None]
        );
        let huge = RetryPolicy::exponential(SECOND).factor(u32::MAX).max_attempts(u32::MAX);
        assert_eq!(huge.delay_after(u32::MAX), Duration::MAX);
    }

    #[test]
    fn jitter_reduces_a_delay_by_at_most_its_percentage() {
        let policy = RetryPolicy::fixed(10 * SECOND).jitter(50);
        assert_eq!(next(&policy, 1, 0), Some(10_000));
        assert_eq!(next(&policy, 1, u64::MAX), Some(5_000));
        assert_eq!(next(&policy.jitter(100), 1, u64::MAX), Some(0));
    }

    #[test]
    fn no_attempt_starts_after_the_elapsed_time() {
        let policy = RetryPolicy::fixed(SECOND).max_elapsed(101 * SECOND);
        assert_eq!(next(&policy, 1, 0), None);
        assert_eq!(next(&policy.max_elapsed(102 * SECOND), 1, 0), Some(1_000));
    }

    #[test]
    fn invalid_values_are_rejected() {
        for (policy, field) in [
            (RetryPolicy::fixed(SECOND).max_attempts(0), "retry.max_attempts is 0"),
            (RetryPolicy::fixed(SECOND).factor(0), "retry.factor is 0"),
            (RetryPolicy::fixed(SECOND).jitter(101), "retry.jitter is 101"),
        ] {
            assert!(policy.check().unwrap_err().to_string().starts_with(field));
        }
    }

    #[test]
    fn a_set_of_failures_is_stored_by_names() {
        let json = serde_json::to_string(&RetryOn::default()).unwrap();
        assert_eq!(json, r#"["failed","panicked","timed_out","killed"]"#);
        assert_eq!(serde_json::from_str::<RetryOn>(&json).unwrap(), RetryOn::default());
        assert!(serde_json::from_str::<RetryOn>(r#"["missed"]"#).is_err());
    }
}
