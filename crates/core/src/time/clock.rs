//! Sources of the current time.

use std::fmt::Debug;

use super::Timestamp;

/// A source of the current time.
///
/// A scheduler reads only its configured clock, so that tests can control the time: see `ManualClock` in
/// `punctual-testkit`.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> Timestamp;

    /// Returns whether the scheduler uses the clock of a shared store, if it has one, instead of this clock for the
    /// jobs of that store; see [`JobStore::time`](crate::JobStore::time). True for [`SystemClock`], because the clocks
    /// of different machines differ. The default is false, as required for a clock that is controlled by a test.
    fn uses_store_clock(&self) -> bool {
        false
    }

    /// Returns whether the clock runs in real time, like [`SystemClock`], so that the scheduler can sleep with the
    /// precision of the system's timers. The default is false: it then sleeps with tokio's timers, which count
    /// milliseconds, and which a test can pause.
    fn is_real_time(&self) -> bool {
        false
    }
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }

    fn uses_store_clock(&self) -> bool {
        (**self).uses_store_clock()
    }

    fn is_real_time(&self) -> bool {
        (**self).is_real_time()
    }
}

/// The system clock, which is the default [`Clock`].
///
/// ```
/// use punctual_core::{Clock, SystemClock, Timestamp};
/// assert!(SystemClock.now() > Timestamp::UNIX_EPOCH);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the only use of the system clock")]
    fn now(&self) -> Timestamp {
        Timestamp::from(std::time::SystemTime::now())
    }

    fn uses_store_clock(&self) -> bool {
        true
    }

    fn is_real_time(&self) -> bool {
        true
    }
}

impl Timestamp {
    /// Returns the current time of [`SystemClock`], for dates given to a scheduler. Code that a test
    /// runs at other times uses the [`Clock`] of its scheduler.
    ///
    /// ```
    /// use std::time::Duration;
    /// use punctual_core::Timestamp;
    ///
    /// let soon = Timestamp::now().saturating_add(Duration::from_secs(60));
    /// assert!(soon > Timestamp::now());
    /// ```
    #[must_use]
    pub fn now() -> Self {
        SystemClock.now()
    }
}
