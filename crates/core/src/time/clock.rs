//! Where "now" comes from.

use std::fmt::Debug;

use super::Timestamp;

/// Tells what time it is.
///
/// Schedulers ask the clock they were built with and nothing else, so a test can put any time in
/// their hands: see `ManualClock` in `punctual-testkit`.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The current instant.
    fn now(&self) -> Timestamp;

    /// Whether it gives way to the clock of a store that several machines share, which then decides what
    /// time it is for that store's jobs: see [`JobStore::time`](crate::JobStore::time). So does the
    /// machine's clock, which may be wrong; a clock that a test sets does not.
    fn follows_stores(&self) -> bool {
        false
    }
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }

    fn follows_stores(&self) -> bool {
        (**self).follows_stores()
    }
}

/// The machine's wall clock: the default [`Clock`].
///
/// ```
/// use punctual_core::{Clock, SystemClock, Timestamp};
/// assert!(SystemClock.now() > Timestamp::UNIX_EPOCH);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::from(std::time::SystemTime::now())
    }

    fn follows_stores(&self) -> bool {
        true
    }
}
