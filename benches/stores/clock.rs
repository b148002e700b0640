//! The system clock with an offset.

use std::time::Duration;

use punctual::{Clock, SystemClock, Timestamp};

#[derive(Clone, Copy, Debug)]
pub(crate) struct OffsetClock(Duration);

impl OffsetClock {
    pub(crate) fn zero() -> Self {
        Self(Duration::ZERO)
    }

    /// A day ahead, so that the jobs of [`due_tomorrow`](crate::jobs::due_tomorrow) are due.
    pub(crate) fn by_a_day() -> Self {
        Self(Duration::from_secs(86_400))
    }
}

impl Clock for OffsetClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().saturating_add(self.0)
    }
}
