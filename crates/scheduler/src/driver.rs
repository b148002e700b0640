//! Sleeps and wakes; everything else is the engine's.

use std::sync::{Arc, Weak};

use tokio::time::timeout;

use crate::engine::{Engine, SchedulerState, Slot};

/// Ticks whenever something is due or has changed, until the scheduler stops.
///
/// Whether something is due is decided by the clock, not by the timer having fired, and every sleep is
/// capped, so that suspended machines and clocks that are put forward are noticed.
pub(crate) async fn run(engine: Arc<Engine>) {
    while matches!(engine.scheduler_state(), SchedulerState::Running | SchedulerState::Paused) {
        let next = engine.tick(engine.clock.now()).await;
        let sleep = engine.sleep_until(next, engine.clock.now());
        if !sleep.is_zero() {
            // Whichever comes first; both mean "look again".
            let _ = timeout(sleep, engine.wake.notified()).await;
        }
        // Others on this runtime get their turn even when something is always due, or runs end all the
        // time: a signal that has come already is no wait.
        tokio::task::yield_now().await;
    }
}

/// Wakes the driver whenever the store says that somebody changed something. After a failure the
/// driver polls until the watch works again.
pub(crate) async fn watch(engine: Weak<Engine>, slot: Arc<Slot>) {
    loop {
        let watch = slot.store.watch().await;
        if let Ok(Some(mut watch)) = watch {
            slot.set_watched(true);
            loop {
                let Some(engine) = engine.upgrade() else {
                    return;
                };
                // Before the first wait too: nobody told of what changed before the watch began.
                engine.changed(&slot);
                drop(engine);
                if let Err(error) = watch.changed().await {
                    tracing::warn!(store = %slot.alias, %error, "the store's notifications failed");
                    break;
                }
            }
            slot.set_watched(false);
            if let Some(engine) = engine.upgrade() {
                engine.changed(&slot);
            }
        }
        let Some(retry_interval) = engine.upgrade().map(|engine| engine.settings.retry_interval)
        else {
            return;
        };
        // Nothing signals that notifications may work again.
        let _ = timeout(retry_interval, std::future::pending::<()>()).await;
    }
}
