//! The clock of a job store.
//!
//! The clocks of machines that share a store differ. All nodes must agree on due times, lease expiry and claim expiry,
//! so store time is authoritative. Each node estimates its offset to store time and updates the estimate with each
//! lease renewal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use punctual_core::{Clock, Timestamp};

/// Offset change that counts as a clock step: it is logged, and corrected immediately.
pub(crate) const CLOCK_STEP_THRESHOLD: Duration =
    Duration::from_micros(CLOCK_STEP_MICROS.unsigned_abs());

const CLOCK_STEP_MICROS: i64 = 500_000;

/// The local clock, corrected by the offset to store time.
#[derive(Debug)]
pub(crate) struct StoreClock {
    local: Arc<dyn Clock>,
    /// Lower bound of the offset of store time to local time, in microseconds. The lower bound is used so that no job
    /// runs early.
    offset: AtomicI64,
    /// Upper bound of the offset's error in microseconds, given by the round-trip time of the samples.
    uncertainty: AtomicI64,
    /// Whether at least one sample was received.
    synchronized: AtomicBool,
}

impl StoreClock {
    pub(crate) fn new(local: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            local,
            offset: AtomicI64::new(0),
            uncertainty: AtomicI64::new(0),
            synchronized: AtomicBool::new(false),
        })
    }

    /// The local time.
    pub(super) fn local_now(&self) -> Timestamp {
        self.local.now()
    }

    /// Whether store time is used instead of local time.
    pub(super) fn uses_store_time(&self) -> bool {
        self.local.uses_store_clock()
    }

    /// Converts local time to store time.
    pub(crate) fn to_store(&self, local: Timestamp) -> Timestamp {
        local.saturating_add_micros(self.offset_micros())
    }

    /// Converts store time to local time.
    pub(crate) fn to_local(&self, time: Timestamp) -> Timestamp {
        time.saturating_add_micros(-self.offset_micros())
    }

    pub(crate) fn offset_micros(&self) -> i64 {
        self.offset.load(Ordering::Relaxed)
    }

    /// Upper bound of the offset's error: store time may be ahead of [`now`](Clock::now) by this much.
    pub(crate) fn uncertainty(&self) -> Duration {
        Duration::from_micros(self.uncertainty.load(Ordering::Relaxed).unsigned_abs())
    }

    /// Adds a clock sample: the store's clock showed `time` between the local instants `sent_at` and `received_at`.
    /// Returns the offset if it has changed. The new sample's interval is intersected with the current one. Samples
    /// with a shorter round trip narrow it more.
    pub(super) fn add_sample(
        &self,
        sent_at: Timestamp,
        time: Timestamp,
        received_at: Timestamp,
    ) -> Option<i64> {
        let earliest = time.as_micros().saturating_sub(received_at.as_micros());
        let latest = time.as_micros().saturating_sub(sent_at.as_micros());
        if earliest > latest {
            // The local clock was set back between request and response.
            return None;
        }
        let is_first = !self.synchronized.swap(true, Ordering::Relaxed);
        let offset = self.offset_micros();
        let upper = offset.saturating_add(self.uncertainty.load(Ordering::Relaxed));
        let (low, high) = match (offset.max(earliest), upper.min(latest)) {
            (low, high) if low <= high && !is_first => (low, high),
            // First sample, or one of the clocks was set or has drifted.
            _ => (earliest, latest),
        };
        self.offset.store(low, Ordering::Relaxed);
        self.uncertainty.store(high - low, Ordering::Relaxed);
        (low != offset).then_some(low)
    }
}

impl Clock for StoreClock {
    fn now(&self) -> Timestamp {
        self.to_store(self.local.now())
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
    fn the_time_is_never_ahead_of_the_stores_clock() {
        let clock = StoreClock::new(Arc::new(Noon));
        let uncertainty = |clock: &StoreClock| clock.uncertainty().as_micros();
        assert_eq!(clock.add_sample(at(0), at(1_005), at(10)), Some(995), "first sample");
        assert_eq!(uncertainty(&clock), 10);
        assert_eq!(
            clock.add_sample(at(0), at(1_010), at(90)),
            None,
            "a slow response does not narrow the interval"
        );
        assert_eq!(uncertainty(&clock), 10);
        assert_eq!(
            clock.add_sample(at(0), at(1_000), at(1)),
            Some(999),
            "a fast response narrows the interval"
        );
        assert_eq!(uncertainty(&clock), 1);
        assert_eq!((clock.now(), clock.to_local(at(999))), (at(999), at(0)));
    }

    #[test]
    fn a_clock_step_replaces_the_offset() {
        let clock = StoreClock::new(Arc::new(Noon));
        clock.add_sample(at(0), at(1_000), at(10));
        assert_eq!(clock.add_sample(at(0), at(-2_000_000), at(4)), Some(-2_000_004));
        assert_eq!(clock.add_sample(at(0), at(7_000_000), at(4)), Some(6_999_996));
        assert_eq!(clock.uncertainty().as_micros(), 4);
    }

    #[test]
    fn a_sample_is_ignored_if_the_local_clock_was_set_back() {
        let clock = StoreClock::new(Arc::new(Noon));
        assert_eq!(clock.add_sample(at(0), at(5), at(-1_000)), None);
        assert_eq!(clock.offset_micros(), 0);
    }
}
