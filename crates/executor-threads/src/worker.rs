//! What each thread of the pool does: one run after another, until the queue is closed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::available_parallelism;

use parking_lot::Mutex;
use punctual_core::{ExecutorError, Worker};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::runtime::Home;

/// Gives each worker a thread for good.
///
/// Runs don't go through rayon's own queues: a job that waits for its parallel parts would pick up
/// another job meanwhile, and not come back before that one is done. Instead each thread takes runs
/// itself, and some threads more are there for the parallel parts alone.
pub(crate) fn start(workers: Vec<Worker>, home: Arc<Home>) -> Result<ThreadPool, ExecutorError> {
    let helpers = available_parallelism().map_or(1, usize::from);
    let pool = ThreadPoolBuilder::new()
        .num_threads(workers.len() + helpers)
        .thread_name(|index| format!("punctual-pool-{index}"))
        // What a job spawned and left to itself: rayon would end the process.
        .panic_handler(drop)
        .build()
        .map_err(|error| ExecutorError::Start(Box::new(error)))?;
    let workers = Mutex::new(workers);
    pool.spawn_broadcast(move |_| {
        let worker = workers.lock().pop();
        if let Some(worker) = worker {
            work(worker, &home);
        }
    });
    Ok(pool)
}

fn work(mut worker: Worker, home: &Home) {
    while let Some(run) = worker.wait_next() {
        // The task's panics are reported by the run; this is for what may panic after them, such as the
        // destructor of a panic's payload. It must not cost the pool a thread.
        let execute = || run.execute(|work| home.block_on(work));
        drop(catch_unwind(AssertUnwindSafe(execute)));
    }
}
