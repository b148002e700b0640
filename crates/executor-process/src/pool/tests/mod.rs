//! What can't be brought about from outside.

mod late;
mod slow;
mod strangers;

use std::sync::Arc;

use parking_lot::Mutex;
use punctual_core::{RunQueue, Tasks, Worker};
use punctual_macros::task;
use tokio::sync::SetOnce;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::slot::{Shared, Slot, State};
use crate::options::Options;

#[task(crate = "punctual_core")]
fn nothing() {}

fn tasks() -> Tasks {
    Tasks::new().task(nothing)
}

/// Not a test, but the main function of the children: this program is a test harness.
#[test]
fn child() {
    crate::init(&tasks());
}

/// A slot without a pool, and what keeps it open.
fn slot(options: &Arc<Options>, queue: &Arc<RunQueue>) -> (UnboundedSender<Worker>, Slot) {
    let (workers, coming) = unbounded_channel();
    let (back, _) = unbounded_channel();
    let (options, queue) = (Arc::clone(options), Arc::clone(queue));
    let shared = Shared { options, queue, back, closing: SetOnce::new() };
    let slot = Slot::new(&Arc::new(shared), coming, Arc::new(Mutex::new(State::Empty)));
    (workers, slot)
}
