//! The executor.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use punctual_core::{BoxFuture, Executor, ExecutorError, ExecutorLoad, Refused, Run, RunQueue};
use rayon::ThreadPool;

use crate::runtime::RuntimeHandle;
use crate::worker;

/// Runs jobs on a fixed number of threads, in order of submission (FIFO). Suitable for blocking and CPU-bound tasks.
///
/// Async tasks can be run as well; each occupies a thread until it has finished. They are polled on the thread of the
/// pool; their timers and I/O are driven by the multi-thread runtime in which the executor was started, or else by a
/// runtime that the executor creates.
///
/// The threads are a dedicated rayon pool. A job may use rayon: its parallel iterators and `join` use additional
/// threads, one per available processor, which run no jobs.
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
    /// When this is dropped, rayon stops the threads as soon as they have no more work.
    _pool: ThreadPool,
}

impl ThreadPoolExecutor {
    /// Creates an executor with `threads` threads, at least one.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self { threads: threads.max(1), started: RwLock::new(None) }
    }
}

impl Default for ThreadPoolExecutor {
    /// Creates an executor with ten threads, like APScheduler.
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
                _pool: worker::start(queue.issue_all_workers(), RuntimeHandle::get_or_create()?)?,
                queue,
            });
        }
        Ok(())
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        match &*self.started.read() {
            // The threads of the pool hold all workers, so `push` never returns one.
            Some(started) => started.queue.push(run).map(drop),
            None => Err(Refused::new(run, ExecutorError::NotRunning)),
        }
    }

    fn load(&self) -> Option<ExecutorLoad> {
        self.started.read().as_ref().map(|started| started.queue.load())
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
