//! The loop of a worker: executes runs as long as there are any.

use std::sync::Arc;

use punctual_core::{BlockingRun, Prepared, Worker};
use tokio::task::{coop, spawn_blocking};

use crate::runtime::RuntimeHandle;

/// Spawns a task for a worker; `next` is a run that it has taken already.
pub(crate) fn start(runtime: &Arc<RuntimeHandle>, worker: Worker, next: Option<Prepared>) {
    runtime.spawn(execute_runs(Arc::clone(runtime), worker, next));
}

async fn execute_runs(runtime: Arc<RuntimeHandle>, mut worker: Worker, mut next: Option<Prepared>) {
    while let Some(run) = next.take().or_else(|| next_run(&runtime, &mut worker)) {
        match run {
            Prepared::Async(run) => run.await,
            Prepared::Blocking(run) => {
                // If the runtime is shutting down, it drops the closure, and the run is reported as lost.
                spawn_blocking(move || run_blocking(&runtime, worker, run));
                return;
            }
        }
        // Short jobs may never yield; without this, many of them would starve the runtime's other tasks.
        coop::consume_budget().await;
    }
}

/// Stays on the blocking thread while the next run is blocking as well: switching threads costs more than a short run.
fn run_blocking(runtime: &Arc<RuntimeHandle>, mut worker: Worker, run: BlockingRun) {
    run.run();
    while let Some(next) = next_run(runtime, &mut worker) {
        match next {
            Prepared::Blocking(run) => run.run(),
            Prepared::Async(_) => return start(runtime, worker, Some(next)),
        }
    }
}

fn next_run(runtime: &Arc<RuntimeHandle>, worker: &mut Worker) -> Option<Prepared> {
    loop {
        let (run, another) = worker.next()?;
        if let Some(another) = another {
            start(runtime, another, None);
        }
        if let Some(prepared) = run.prepare() {
            return Some(prepared);
        }
    }
}
