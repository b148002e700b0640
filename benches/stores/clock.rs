//! The machine's clock, or one that goes ahead of it.

use std::time::Duration;

use punctual::{Clock, SystemClock, Timestamp};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Ahead(Duration);

impl Ahead {
    pub(crate) fn by_nothing() -> Self {
        Self(Duration::ZERO)
    }

    /// When the jobs that wait for tomorrow are due too.
    pub(crate) fn by_a_day() -> Self {
        Self(Duration::from_secs(86_400))
    }
}

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().saturating_add(self.0)
    }
}
