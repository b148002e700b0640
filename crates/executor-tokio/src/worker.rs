//! What a worker does: one run after another, as long as there are any.

use std::sync::Arc;

use punctual_core::{BlockingRun, Prepared, Worker};
use tokio::task::{coop, spawn_blocking};

use crate::runtime::Home;

/// Gives a worker a task of its own; `next` is a run that it has taken already.
pub(crate) fn start(home: &Arc<Home>, worker: Worker, next: Option<Prepared>) {
    home.spawn(work(Arc::clone(home), worker, next));
}

async fn work(home: Arc<Home>, mut worker: Worker, mut next: Option<Prepared>) {
    while let Some(run) = next.take().or_else(|| take(&home, &mut worker)) {
        match run {
            Prepared::Async(run) => run.await,
            Prepared::Blocking(run) => {
                // If the runtime is shutting down, it drops them: the run is reported as lost.
                spawn_blocking(move || block(&home, worker, run));
                return;
            }
        }
        // Tiny jobs never wait; without this a long line of them would starve the runtime's other tasks.
        coop::consume_budget().await;
    }
}

/// Stays on the blocking thread as long as blocking runs follow each other: going there costs more than
/// a short run.
fn block(home: &Arc<Home>, mut worker: Worker, run: BlockingRun) {
    run.run();
    while let Some(next) = take(home, &mut worker) {
        match next {
            Prepared::Blocking(run) => run.run(),
            Prepared::Async(_) => return start(home, worker, Some(next)),
        }
    }
}

fn take(home: &Arc<Home>, worker: &mut Worker) -> Option<Prepared> {
    loop {
        let (run, another) = worker.next()?;
        if let Some(another) = another {
            start(home, another, None);
        }
        if let Some(prepared) = run.prepare() {
            return Some(prepared);
        }
    }
}
