//! Receiving a store's change notifications.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use punctual_core::error_chain;

use tokio::time::timeout;

use super::registered::RegisteredStore;

impl RegisteredStore {
    /// Starts the task that receives notifications, if the store supports them.
    pub(crate) fn start_watching(self: &Arc<Self>) {
        if self.caps.notify && !self.shared.settings.client_only {
            self.stop_watching();
            *self.watch.lock() = Some(tokio::spawn(watch(Arc::downgrade(self))));
        }
    }

    /// Aborts the task that receives notifications.
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

/// Wakes the driver for each change notification. After a failure, the driver polls until notifications are received
/// again.
async fn watch(weak: Weak<RegisteredStore>) {
    while let Some(store) = weak.upgrade() {
        if let Ok(Some(mut watch)) = store.backend.watch().await {
            store.set_watched(true);
            drop(store);
            // Before the first wait, anything may have changed: earlier changes are not notified.
            let mut due_at = None;
            let error = loop {
                let Some(store) = weak.upgrade() else {
                    return;
                };
                match due_at {
                    Some(due_at) => store.notify_due(due_at),
                    None => store.notify_changed(),
                }
                drop(store);
                if let Err(error) = watch.changed().await {
                    break error;
                }
                due_at = watch.due_at();
            };
            if let Some(store) = weak.upgrade() {
                tracing::warn!(target: "punctual::scheduler", store = %store.alias, error = %error_chain(&error), "change notifications failed; polling");
                store.set_watched(false);
                store.notify_changed();
            }
        }
        let Some(max_retry_delay) =
            weak.upgrade().map(|store| store.shared.settings.max_retry_delay)
        else {
            return;
        };
        // Stores do not signal that notifications are available again.
        let _ = timeout(max_retry_delay, std::future::pending::<()>()).await;
    }
}
