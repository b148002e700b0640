//! The signal that wakes the driver.

use std::future::Future;

use tokio::sync::Notify;

/// Notification that a job may be due earlier than the driver expects, or that a run has ended. One pending
/// notification is stored while the driver is busy.
#[derive(Debug, Default)]
pub(crate) struct Wake(Notify);

impl Wake {
    pub(crate) fn wake(&self) {
        self.0.notify_one();
    }

    /// Waits for the next notification. Completes immediately if one is pending.
    pub(crate) fn woken(&self) -> impl Future<Output = ()> {
        self.0.notified()
    }
}
