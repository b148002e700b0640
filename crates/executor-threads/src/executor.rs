//! The executor itself.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use punctual_core::{BoxFuture, Executor, ExecutorError, Refused, Run, RunQueue};
use rayon::ThreadPool;

use crate::runtime::Home;
use crate::worker;

/// Runs jobs on a fixed number of threads, first come, first served: for tasks that block or compute.
///
/// Async tasks work too: each occupies a thread until it is done. They are polled on the pool's thread;
/// their timers and I/O are driven by the multi-thread runtime that the executor was started in, or by a
/// small one of its own.
///
/// The threads are a rayon pool of the executor's own. A job may use rayon: its parallel iterators and
/// `join` spread over as many further threads as there are processors, which run no jobs.
///
/// ```
/// use punctual_core::Executor;
/// use punctual_executor_threads::ThreadPoolExecutor;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), punctual_core::ExecutorError> {
/// let executor = ThreadPoolExecutor::new(20);
/// executor.start()?;
/// executor.shutdown(Duration::from_secs(5)).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ThreadPoolExecutor {
    threads: usize,
    started: RwLock<Option<Started>>,
}

#[derive(Debug)]
struct Started {
    queue: Arc<RunQueue>,
    /// Rayon ends the threads when they have no more to do and this is dropped.
    _pool: ThreadPool,
}

impl ThreadPoolExecutor {
    /// Runs jobs on so many threads, at least one.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self { threads: threads.max(1), started: RwLock::new(None) }
    }
}

impl Default for ThreadPoolExecutor {
    /// Ten threads, as in APScheduler.
    fn default() -> Self {
        Self::new(10)
    }
}

impl Executor for ThreadPoolExecutor {
    fn start(&self) -> Result<(), ExecutorError> {
        let mut started = self.started.write();
        if started.is_none() {
            let queue = RunQueue::new(self.threads);
            *started = Some(Started {
                _pool: worker::start(queue.issue_all_workers(), Home::find()?)?,
                queue,
            });
        }
        Ok(())
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        match &*self.started.read() {
            // The pool's threads have all the workers there are: no other ever comes.
            Some(started) => started.queue.push(run).map(drop),
            None => Err(Refused::new(run, ExecutorError::NotRunning)),
        }
    }

    fn shutdown(&self, timeout: Duration) -> BoxFuture<'_, ()> {
        match self.started.write().take() {
            Some(started) => Box::pin(started.queue.close(timeout)),
            None => Box::pin(ready(())),
        }
    }
}

impl Drop for ThreadPoolExecutor {
    fn drop(&mut self) {
        if let Some(started) = self.started.get_mut() {
            started.queue.abandon();
        }
    }
}
