//! The loop of each thread of the pool: executes runs until the queue is closed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::available_parallelism;

use parking_lot::Mutex;
use punctual_core::{ExecutorError, Worker};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::runtime::RuntimeHandle;

/// Creates the thread pool and assigns each worker to a thread permanently.
///
/// Runs don't use rayon's queues: a job that waits for its parallel parts would start another job meanwhile, and could
/// not continue before that one has finished. Instead each thread takes runs from the queue itself, and additional
/// threads serve parallel parts only.
pub(crate) fn start(
    workers: Vec<Worker>,
    runtime: Arc<RuntimeHandle>,
) -> Result<ThreadPool, ExecutorError> {
    let spare_threads = available_parallelism().map_or(1, usize::from);
    let pool = ThreadPoolBuilder::new()
        .num_threads(workers.len() + spare_threads)
        .thread_name(|index| format!("punctual-pool-{index}"))
        // Handles panics of tasks that a job has spawned on rayon; without a handler, rayon aborts the process.
        .panic_handler(drop)
        .build()
        .map_err(|error| ExecutorError::Start(Box::new(error)))?;
    let workers = Mutex::new(workers);
    pool.spawn_broadcast(move |_| {
        let worker = workers.lock().pop();
        if let Some(worker) = worker {
            execute_runs(worker, &runtime);
        }
    });
    Ok(pool)
}

fn execute_runs(mut worker: Worker, runtime: &RuntimeHandle) {
    while let Some(run) = worker.wait_next() {
        // Panics of the task are reported by the run. This catches panics after that, such as in the destructor of a
        // panic payload, which would end the thread.
        let execute = || run.execute(|work| runtime.block_on(work));
        drop(catch_unwind(AssertUnwindSafe(execute)));
    }
}
