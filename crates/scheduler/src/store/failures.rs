//! Failure state of a store: whether its last call failed, and when it is retried.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{StoreError, Timestamp};

/// The first retry delay after a failure. It doubles up to the retry interval.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// Whether the store's last call failed, and when it is retried.
#[derive(Default)]
pub(crate) struct Failures {
    count: u32,
    /// Time of the first of the consecutive failures.
    since: Option<Timestamp>,
    retry_at: Option<Timestamp>,
    last: Option<Arc<StoreError>>,
    /// The error and the time of the last failure, also after a success.
    latest: Option<(Arc<StoreError>, Timestamp)>,
}

impl Failures {
    /// Records a failure and returns the time of the retry. The delay is at most `longest` plus a quarter of it.
    pub(crate) fn failed(
        &mut self,
        error: Arc<StoreError>,
        now: Timestamp,
        longest: Duration,
    ) -> Timestamp {
        let doubled = FIRST_BACKOFF.saturating_mul(1 << self.count.min(20));
        self.count = self.count.saturating_add(1);
        // Up to a quarter is added at random, so that processes that failed together don't retry together.
        let wait = doubled.min(longest);
        let retry_at = now.saturating_add(wait.mul_f64(1.0 + fastrand::f64() / 4.0));
        self.since.get_or_insert(now);
        self.retry_at = Some(retry_at);
        self.latest = Some((Arc::clone(&error), now));
        self.last = Some(error);
        retry_at
    }

    /// Time since the first of the consecutive failures.
    pub(crate) fn failing_for(&self, now: Timestamp) -> Duration {
        self.since.map_or(Duration::ZERO, |since| now.saturating_since(since))
    }

    /// Time of the next retry. `None` while the store works.
    pub(crate) fn retry_at(&self) -> Option<Timestamp> {
        self.retry_at
    }

    /// Error of the last failed call. `None` while the store works.
    pub(crate) fn last(&self) -> Option<Arc<StoreError>> {
        self.last.clone()
    }

    /// Number of consecutive failures.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Error and time of the last failure, also if the store works again.
    pub(crate) fn latest(&self) -> Option<(Arc<StoreError>, Timestamp)> {
        self.latest.clone()
    }

    /// Records a success. Returns whether the store had failed before.
    pub(crate) fn succeeded(&mut self) -> bool {
        let had_failed = self.count > 0;
        if had_failed {
            *self = Self { latest: self.latest.take(), ..Self::default() };
        }
        had_failed
    }
}
