//! The driver: a loop that ticks and sleeps.
//!
//! Only the driver reads the clock and sleeps between ticks. It ticks again at the instant returned by the last tick,
//! or earlier if `Wake::wake` is called.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::Timestamp;

use super::Engine;
use super::alarm::Alarm;
use crate::shared::metrics;

/// The time between two ticks with a sleep in between. Jobs that are due within this time are run by one tick, so that
/// ten thousand of them in a second take a fraction of the processor time.
const MIN_TICK_INTERVAL: Duration = Duration::from_micros(150);

impl Engine {
    /// Makes one tick at the local time `now`, and returns the time at which the next one is needed. Called by the
    /// driver and by custom event loops. Periodic work that belongs to no store is added here.
    pub(crate) async fn tick(&self, now: Timestamp) -> Option<Timestamp> {
        let next = self.passes.tick(now).await;
        let limit = self.runs.enforce_limits(now);
        let next = next.into_iter().chain(limit).min();
        self.set_next_tick(now, next);
        metrics::gauges(|| self.gauges(now));
        next
    }

    /// Requests a poll of all stores, and wakes the driver.
    pub(crate) fn wakeup(&self) {
        for store in self.stores.all().iter() {
            store.mark_changed();
        }
        self.shared.wake.wake();
    }
}

/// Ticks when a job is due or the wake signal is set, until the scheduler stops.
///
/// Due times are compared with the clock rather than derived from elapsed sleeps, and each sleep is capped, so that
/// suspended machines and clock steps are detected.
pub(super) async fn run(engine: Arc<Engine>, alarm: Alarm) {
    let shared = &engine.shared;
    while shared.scheduler_state.is_started() {
        let ticked_at = shared.clock.now();
        let next = engine.tick(ticked_at).await;
        let sleep = sleep_until(next, ticked_at, shared.clock.now(), shared.settings.max_sleep);
        if !sleep.is_zero() {
            alarm.wait_for(shared.wake.woken(), sleep).await;
        }
        // Yield so that other tasks on this runtime are scheduled even if every tick is due immediately. A pending
        // notification completes `notified()` without yielding.
        tokio::task::yield_now().await;
    }
}

/// The time to sleep until `next`, at most `longest`. If that is later than `now`, at least `MIN_TICK_INTERVAL` after
/// the last tick.
fn sleep_until(
    next: Option<Timestamp>,
    ticked_at: Timestamp,
    now: Timestamp,
    longest: Duration,
) -> Duration {
    let not_before = ticked_at.saturating_add(MIN_TICK_INTERVAL);
    let sleep = |next: Timestamp| match next > now {
        true => next.max(not_before).saturating_since(now),
        false => Duration::ZERO,
    };
    next.map_or(longest, sleep).min(longest)
}
