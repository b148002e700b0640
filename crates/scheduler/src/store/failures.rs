//! Whether a store works, and when it is tried again if not.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{StoreError, Timestamp};

/// The first wait after a store has failed; it doubles up to the retry interval.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// Whether the store works, and if not, when it is tried again.
#[derive(Default)]
pub(crate) struct Failures {
    count: u32,
    /// When the first of them was.
    since: Option<Timestamp>,
    retry_at: Option<Timestamp>,
    last: Option<Arc<StoreError>>,
}

impl Failures {
    /// Records a failure and returns when to try again: after `longest` and a quarter of it, at the latest.
    pub(crate) fn failed(
        &mut self,
        error: Arc<StoreError>,
        now: Timestamp,
        longest: Duration,
    ) -> Timestamp {
        let doubled = FIRST_BACKOFF.saturating_mul(1 << self.count.min(20));
        self.count = self.count.saturating_add(1);
        // Up to a quarter more, so that processes that failed together don't return together.
        let wait = doubled.min(longest);
        let retry_at = now.saturating_add(wait.mul_f64(1.0 + fastrand::f64() / 4.0));
        self.since.get_or_insert(now);
        self.retry_at = Some(retry_at);
        self.last = Some(error);
        retry_at
    }

    /// How long it has failed again and again.
    pub(crate) fn failing_for(&self, now: Timestamp) -> Duration {
        self.since.map_or(Duration::ZERO, |since| now.saturating_since(since))
    }

    /// When it is tried again; none while it works.
    pub(crate) fn retry_at(&self) -> Option<Timestamp> {
        self.retry_at
    }

    /// What it said when it failed last; none while it works.
    pub(crate) fn last(&self) -> Option<Arc<StoreError>> {
        self.last.clone()
    }

    /// Records a success; whether there had been a failure before.
    pub(crate) fn succeeded(&mut self) -> bool {
        let had_failed = self.count > 0;
        *self = Self::default();
        had_failed
    }
}
