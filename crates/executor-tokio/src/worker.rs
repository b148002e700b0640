//! What each task of the runtime does: one run after another, as long as there are any.

use std::sync::Arc;

use punctual_core::{Prepared, Worker};
use tokio::task::{coop, spawn_blocking};

use crate::runtime::Home;

/// Gives a worker a task of its own.
pub(crate) fn start(home: &Arc<Home>, worker: Worker) {
    home.spawn(work(Arc::clone(home), worker));
}

async fn work(home: Arc<Home>, mut worker: Worker) {
    while let Some((run, another)) = worker.next() {
        if let Some(another) = another {
            start(&home, another);
        }
        match run.prepare() {
            Some(Prepared::Async(run)) => run.await,
            // An error means that the runtime is shutting down: the run was dropped, and so reported.
            Some(Prepared::Blocking(run)) => drop(spawn_blocking(|| run.run()).await),
            None => {}
        }
        // Tiny jobs never wait; without this a long line of them would starve the runtime's other tasks.
        coop::consume_budget().await;
    }
}
