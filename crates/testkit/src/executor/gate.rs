//! What tasks and cases wait for.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::PATIENCE;

/// Holds tasks back until the case opens it. Clones are the same gate.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    pub(crate) fn closed() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }

    /// Waits; in a blocking task with `pollster::block_on`.
    pub(crate) async fn pass(&self) {
        // The sender lives as long as this gate.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

/// Carries what tasks tell to the case, in order. Clones lead to the same case.
#[derive(Clone, Debug)]
pub(crate) struct Tell<T>(Arc<Mutex<Sender<T>>>);

impl<T> Tell<T> {
    pub(crate) fn new() -> (Self, Heard<T>) {
        let (sender, receiver) = channel();
        (Self(Arc::new(Mutex::new(sender))), Heard(receiver))
    }

    pub(crate) fn tell(&self, news: T) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody listens any more when the case has failed already.
        let _ = sender.send(news);
    }
}

/// Where the case hears what tasks tell.
#[derive(Debug)]
pub(crate) struct Heard<T>(Receiver<T>);

impl<T> Heard<T> {
    #[track_caller]
    pub(crate) fn next(&self) -> T {
        match self.0.recv_timeout(PATIENCE) {
            Ok(news) => news,
            Err(_) => panic!("nothing was heard of a task that should have begun"),
        }
    }
}
