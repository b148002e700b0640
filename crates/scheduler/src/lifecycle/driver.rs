//! The driver: a loop that ticks and sleeps.
//!
//! Only the driver reads the clock and sleeps between ticks. It ticks again at the instant returned by the last tick,
//! or earlier if `Wake::wake` is called.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::Timestamp;

use super::Engine;
use super::alarm::Alarm;

impl Engine {
    /// Makes one tick at the local time `now`, and returns the time at which the next one is needed. Called by the
    /// driver and by custom event loops. Periodic work that belongs to no store is added here.
    pub(crate) async fn tick(&self, now: Timestamp) -> Option<Timestamp> {
        self.passes.tick(now).await
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
pub(super) async fn run(engine: Arc<Engine>) {
    let shared = &engine.shared;
    let alarm = Alarm::new(shared.clock.is_real_time());
    while shared.scheduler_state.is_started() {
        let next = engine.tick(shared.clock.now()).await;
        let sleep = sleep_until(next, shared.clock.now(), shared.settings.max_sleep);
        if !sleep.is_zero() {
            tokio::select! {
                () = shared.wake.woken() => {}
                () = alarm.sleep(sleep) => {}
            }
        }
        // Yield so that other tasks on this runtime are scheduled even if every tick is due immediately. A pending
        // notification completes `notified()` without yielding.
        tokio::task::yield_now().await;
    }
}

/// The time to sleep until `next`, at most `longest`.
fn sleep_until(next: Option<Timestamp>, now: Timestamp, longest: Duration) -> Duration {
    next.map_or(longest, |next| next.saturating_since(now)).min(longest)
}
