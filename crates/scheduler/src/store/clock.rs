//! What time it is for a store's jobs.
//!
//! Machines that share a store have clocks that differ. Whose jobs are due, who is alive and whose claim
//! has ended must be the same to all of them, so the one clock that they have in common decides: the
//! store's. Each process knows how far its own is from that, and hears it again at each renewal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use punctual_core::{Clock, Timestamp};

/// A difference that is worth a line in the log, and to be put right at once.
pub(crate) const STEP: Duration = Duration::from_micros(STEP_MICROS.unsigned_abs());

const STEP_MICROS: i64 = 500_000;

/// This machine's clock, corrected by what the store's has said.
#[derive(Debug)]
pub(crate) struct StoreClock {
    own: Arc<dyn Clock>,
    /// How far the store's is ahead at least, in microseconds: so that nothing is taken for due before its time.
    offset: AtomicI64,
    /// By how much it may be more, in microseconds: as long as the answer that told it was on its way.
    slack: AtomicI64,
    /// Whether the store's has said anything yet.
    told: AtomicBool,
}

impl StoreClock {
    pub(crate) fn new(own: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            own,
            offset: AtomicI64::new(0),
            slack: AtomicI64::new(0),
            told: AtomicBool::new(false),
        })
    }

    /// What time it is by this machine's clock.
    pub(super) fn own_now(&self) -> Timestamp {
        self.own.now()
    }

    /// Whether the store's clock decides.
    pub(super) fn store_decides(&self) -> bool {
        self.own.follows_stores()
    }

    /// What time it is for the store when it is `own` here.
    pub(crate) fn at(&self, own: Timestamp) -> Timestamp {
        own.saturating_add_micros(self.offset_micros())
    }

    /// What time it is here when it is `time` for the store.
    pub(crate) fn own(&self, time: Timestamp) -> Timestamp {
        time.saturating_add_micros(-self.offset_micros())
    }

    pub(crate) fn offset_micros(&self) -> i64 {
        self.offset.load(Ordering::Relaxed)
    }

    /// By how much the store's clock may be ahead of the time here.
    pub(crate) fn slack(&self) -> Duration {
        Duration::from_micros(self.slack.load(Ordering::Relaxed).unsigned_abs())
    }

    /// Takes in that the store's clock showed `time` between two instants here. Returns the offset when it is
    /// another. What was known before holds as long as the answer leaves it possible: the answer that came
    /// soonest tells most.
    pub(super) fn learn(
        &self,
        asked: Timestamp,
        time: Timestamp,
        answered: Timestamp,
    ) -> Option<i64> {
        let earliest = time.as_micros().saturating_sub(answered.as_micros());
        let latest = time.as_micros().saturating_sub(asked.as_micros());
        if earliest > latest {
            // The clock here was put back in between.
            return None;
        }
        let is_first = !self.told.swap(true, Ordering::Relaxed);
        let known = self.offset_micros();
        let most = known.saturating_add(self.slack.load(Ordering::Relaxed));
        let (low, high) = match (known.max(earliest), most.min(latest)) {
            (low, high) if low <= high && !is_first => (low, high),
            // Nothing was known, or one of the clocks was set, or drifts.
            _ => (earliest, latest),
        };
        self.offset.store(low, Ordering::Relaxed);
        self.slack.store(high - low, Ordering::Relaxed);
        (low != known).then_some(low)
    }
}

impl Clock for StoreClock {
    fn now(&self) -> Timestamp {
        self.at(self.own.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            Timestamp::from_seconds(43_200)
        }
    }

    fn at(micros: i64) -> Timestamp {
        Noon.now().saturating_add_micros(micros)
    }

    #[test]
    fn the_time_is_never_ahead_of_what_the_store_has_shown() {
        let clock = StoreClock::new(Arc::new(Noon));
        let slack = |clock: &StoreClock| clock.slack().as_micros();
        assert_eq!(clock.learn(at(0), at(1_005), at(10)), Some(995), "it came back at once");
        assert_eq!(slack(&clock), 10);
        assert_eq!(clock.learn(at(0), at(1_010), at(90)), None, "a slow answer tells less");
        assert_eq!(slack(&clock), 10);
        assert_eq!(clock.learn(at(0), at(1_000), at(1)), Some(999), "a quick one more");
        assert_eq!(slack(&clock), 1);
        assert_eq!((clock.now(), clock.own(at(999))), (at(999), at(0)));
    }

    #[test]
    fn a_clock_that_was_set_is_followed() {
        let clock = StoreClock::new(Arc::new(Noon));
        clock.learn(at(0), at(1_000), at(10));
        assert_eq!(clock.learn(at(0), at(-2_000_000), at(4)), Some(-2_000_004));
        assert_eq!(clock.learn(at(0), at(7_000_000), at(4)), Some(6_999_996));
        assert_eq!(clock.slack().as_micros(), 4);
    }

    #[test]
    fn a_clock_that_was_put_back_meanwhile_says_nothing() {
        let clock = StoreClock::new(Arc::new(Noon));
        assert_eq!(clock.learn(at(0), at(5), at(-1_000)), None);
        assert_eq!(clock.offset_micros(), 0);
    }
}
