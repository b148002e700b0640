//! Synchronization of tasks and cases in the same process.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::WAIT_TIMEOUT;

/// Blocks tasks until the case opens it. Clones share the state.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    pub(crate) fn closed() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }

    /// Waits until the gate is open. Blocking tasks call it with `pollster::block_on`.
    pub(crate) async fn pass(&self) {
        // The only error is that the sender was dropped, but `self` owns it.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

/// Sends values from tasks to the case. Clones send to the same case.
#[derive(Clone, Debug)]
pub(crate) struct SignalSender<T>(Arc<Mutex<Sender<T>>>);

impl<T> SignalSender<T> {
    pub(crate) fn new() -> (Self, SignalReceiver<T>) {
        let (sender, receiver) = channel();
        (Self(Arc::new(Mutex::new(sender))), SignalReceiver(receiver))
    }

    pub(crate) fn send(&self, value: T) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The receiver has been dropped if the case has already failed.
        let _ = sender.send(value);
    }
}

/// Receives the values of a [`SignalSender`] in the case, in the order in which they were sent.
#[derive(Debug)]
pub(crate) struct SignalReceiver<T>(Receiver<T>);

impl<T> SignalReceiver<T> {
    #[track_caller]
    pub(crate) fn next(&self) -> T {
        match self.0.recv_timeout(WAIT_TIMEOUT) {
            Ok(value) => value,
            Err(_) => panic!("no task sent a value within the timeout"),
        }
    }
}
