//! The time of the simulation, and the clocks of its machines.
//!
//! The simulation uses tokio's paused time: it advances to the next timer when all tasks wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use punctual_core::{Clock, Timestamp};
use tokio::time::Instant;

/// The start of the simulation by the store's clock.
pub(crate) const BEGIN: Timestamp = Timestamp::from_seconds(1_772_323_200);

/// The true time, which is the time of the store's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrueTime(Instant);

impl TrueTime {
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    /// Returns the time since the start in microseconds.
    pub(crate) fn elapsed(self) -> i64 {
        i64::try_from(self.0.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    pub(crate) fn now(self) -> Timestamp {
        BEGIN.saturating_add_micros(self.elapsed())
    }
}

/// Returns the time that many milliseconds after the start.
pub(crate) fn at(millis: u32) -> Timestamp {
    BEGIN.saturating_add_micros(i64::from(millis) * 1_000)
}

/// Returns the seconds since the start, for display.
pub(crate) fn seconds(time: Timestamp) -> f64 {
    (time.as_micros() - BEGIN.as_micros()) as f64 / 1e6
}

/// Waits for this many milliseconds.
pub(crate) async fn pause(millis: u32) {
    if millis > 0 {
        tokio::time::sleep_until(Instant::now() + Duration::from_millis(millis.into())).await;
    }
}

/// A machine's clock, with an offset and a drift; it can be set forward and back.
#[derive(Clone, Debug)]
pub(crate) struct MachineClock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    time: TrueTime,
    ahead: AtomicI64,
    drift: i64,
    uses_store_clock: bool,
}

impl MachineClock {
    pub(crate) fn new(time: TrueTime, ahead: i64, drift: i64, uses_store_clock: bool) -> Self {
        Self(Arc::new(Inner { time, ahead: AtomicI64::new(ahead), drift, uses_store_clock }))
    }

    /// Sets the clock forward or back.
    pub(crate) fn jump(&self, micros: i64) {
        self.0.ahead.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        let elapsed = self.0.time.elapsed();
        let local = elapsed + elapsed * self.0.drift / 1_000_000;
        BEGIN.saturating_add_micros(local + self.0.ahead.load(Ordering::Relaxed))
    }

    fn uses_store_clock(&self) -> bool {
        self.0.uses_store_clock
    }
}
