//! The signal that lets the driver look again.

use std::future::Future;

use tokio::sync::Notify;

/// Told when something may be due earlier than the driver knows, or has ended. One signal is kept for a driver that
/// is at work.
#[derive(Debug, Default)]
pub(crate) struct Wake(Notify);

impl Wake {
    pub(crate) fn wake(&self) {
        self.0.notify_one();
    }

    /// Waits for the next signal, or takes the one that has come already.
    pub(crate) fn woken(&self) -> impl Future<Output = ()> {
        self.0.notified()
    }
}
