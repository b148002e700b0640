//! Cases that can't be caused through the public API.

mod exits;
mod protocol_errors;
mod startup;
mod timeouts;

use std::sync::Arc;

use parking_lot::Mutex;
use punctual_core::{RunQueue, Tasks, Worker};
use punctual_macros::task;
use tokio::sync::SetOnce;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::slot::{PoolShared, Slot, SlotState};
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

/// A slot without a pool, and the sender that keeps it open.
fn slot(options: &Arc<Options>, queue: &Arc<RunQueue>) -> (UnboundedSender<Worker>, Slot) {
    let (workers, worker_rx) = unbounded_channel();
    let (return_tx, _) = unbounded_channel();
    let (options, queue) = (Arc::clone(options), Arc::clone(queue));
    let shared = PoolShared { options, queue, return_tx, closing: SetOnce::new() };
    let slot = Slot::new(&Arc::new(shared), worker_rx, Arc::new(Mutex::new(SlotState::Empty)));
    (workers, slot)
}
