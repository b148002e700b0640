//! Listening to a store's notifications.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use punctual_core::error_chain;

use tokio::time::timeout;

use super::slot::Slot;

impl Slot {
    /// Listens to the notifications, if the store has any.
    pub(crate) fn start_watching(self: &Arc<Self>) {
        if self.caps.notify && !self.shared.settings.client {
            self.stop_watching();
            *self.watch.lock() = Some(tokio::spawn(watch(Arc::downgrade(self))));
        }
    }

    /// Stops listening.
    pub(crate) fn stop_watching(&self) {
        if let Some(watch) = self.watch.lock().take() {
            watch.abort();
        }
        self.set_watched(false);
    }

    fn set_watched(&self, watched: bool) {
        self.watched.store(watched, Ordering::Relaxed);
    }
}

/// Wakes the driver whenever the store says that somebody changed something. After a failure the
/// driver polls until the watch works again.
async fn watch(weak: Weak<Slot>) {
    while let Some(slot) = weak.upgrade() {
        if let Ok(Some(mut watch)) = slot.store.watch().await {
            slot.set_watched(true);
            drop(slot);
            let error = loop {
                let Some(slot) = weak.upgrade() else {
                    return;
                };
                // Before the first wait too: nobody told of what changed before the watch began.
                slot.changed();
                drop(slot);
                if let Err(error) = watch.changed().await {
                    break error;
                }
            };
            if let Some(slot) = weak.upgrade() {
                tracing::warn!(store = %slot.alias, error = %error_chain(&error), "the store's notifications failed");
                slot.set_watched(false);
                slot.changed();
            }
        }
        let Some(retry_interval) = weak.upgrade().map(|slot| slot.shared.settings.retry_interval)
        else {
            return;
        };
        // Nothing signals that notifications may work again.
        let _ = timeout(retry_interval, std::future::pending::<()>()).await;
    }
}
