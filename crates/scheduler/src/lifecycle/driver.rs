//! Sleeps and wakes; everything else is decided below.
//!
//! Nothing but a driver reads the clock for a pass, and nothing but a driver waits for the next. It knows no reason to
//! wake: there is the instant that a tick returns, and a call of `Wake::wake`.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::Timestamp;
use tokio::time::timeout;

use super::Engine;

impl Engine {
    /// Does what is due at the instant `now`, and returns when it is needed next: for the driver, and for loops of
    /// users' own. What is due but belongs to no store has its place here.
    pub(crate) async fn tick(&self, now: Timestamp) -> Option<Timestamp> {
        self.passes.tick(now).await
    }

    /// Looks at all stores at once.
    pub(crate) fn wakeup(&self) {
        for slot in self.stores.all().iter() {
            slot.set_changed();
        }
        self.shared.wake.wake();
    }
}

/// Ticks whenever something is due or has changed, until the scheduler stops.
///
/// Whether something is due is decided by the clock, not by the timer having fired, and every sleep is
/// capped, so that suspended machines and clocks that are put forward are noticed.
pub(super) async fn run(engine: Arc<Engine>) {
    let shared = &engine.shared;
    while shared.phase.is_up() {
        let next = engine.tick(shared.clock.now()).await;
        let sleep = sleep_until(next, shared.clock.now(), shared.settings.max_sleep);
        if !sleep.is_zero() {
            // Whichever comes first; both mean "look again".
            let _ = timeout(sleep, shared.wake.woken()).await;
        }
        // Others on this runtime get their turn even when something is always due, or runs end all the
        // time: a signal that has come already is no wait.
        tokio::task::yield_now().await;
    }
}

/// How long to sleep, at most.
fn sleep_until(next: Option<Timestamp>, now: Timestamp, longest: Duration) -> Duration {
    next.map_or(longest, |next| next.saturating_since(now)).min(longest)
}
