//! A clock that is advanced manually.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use punctual_core::{Clock, Timestamp};

/// A [`Clock`] whose time is set manually. Clones share the same time.
///
/// ```
/// use std::time::Duration;
/// use punctual_core::{Clock, Timestamp};
/// use punctual_testkit::ManualClock;
///
/// let clock = ManualClock::at(Timestamp::from_seconds(1_000));
/// let shared = clock.clone();
/// clock.advance(Duration::from_secs(5));
/// assert_eq!(shared.now(), Timestamp::from_seconds(1_005));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// Creates a clock whose time is `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_micros())))
    }

    /// Sets the time, which may be earlier than the current one, as when a system clock is corrected.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_micros(), Ordering::SeqCst);
    }

    /// Advances the time and returns the new time.
    pub fn advance(&self, by: Duration) -> Timestamp {
        let step = |micros| Some(Timestamp::from_micros(micros).saturating_add(by).as_micros());
        match self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step) {
            Ok(before) | Err(before) => Timestamp::from_micros(before).saturating_add(by),
        }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_changes_only_when_it_is_set() {
        let start = Timestamp::from_seconds(100);
        let clock = ManualClock::at(start);
        assert_eq!(clock.now(), start);
        let later = clock.advance(Duration::from_micros(1));
        assert_eq!((later, clock.now()), (start.saturating_add_micros(1), later));
        clock.set(Timestamp::MIN);
        assert_eq!(clock.now(), Timestamp::MIN);
    }

    #[test]
    fn advance_saturates_at_the_maximum() {
        let clock = ManualClock::at(Timestamp::MAX);
        assert_eq!(clock.advance(Duration::MAX), Timestamp::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
    }
}
