//! The executor itself.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use punctual_core::{BoxFuture, Executor, ExecutorError, Refused, Run, RunQueue};
use tokio::runtime::Handle;

use crate::runtime::Home;
use crate::worker;

/// Runs async tasks on a tokio runtime, and blocking ones on the runtime's pool of blocking threads.
///
/// Jobs never run on the scheduler's own thread, so they may block it out: started within a multi-thread
/// runtime the executor uses that one, otherwise it makes one of its own, with threads named
/// `punctual-worker`.
///
/// ```
/// use punctual_core::Executor;
/// use punctual_executor_tokio::TokioExecutor;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), punctual_core::ExecutorError> {
/// let executor = TokioExecutor::new().max_concurrent(100);
/// executor.start()?;
/// executor.shutdown(Duration::from_secs(5)).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TokioExecutor {
    max_concurrent: usize,
    handle: Option<Handle>,
    started: RwLock<Option<Started>>,
}

#[derive(Debug)]
struct Started {
    queue: Arc<RunQueue>,
    home: Arc<Home>,
}

impl TokioExecutor {
    /// Runs any number of jobs at a time.
    #[must_use]
    pub fn new() -> Self {
        Self { max_concurrent: usize::MAX, handle: None, started: RwLock::new(None) }
    }

    /// Runs jobs on this runtime, which must have its timers and its I/O enabled if they use them.
    ///
    /// ```
    /// use punctual_executor_tokio::TokioExecutor;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    /// let executor = TokioExecutor::on(runtime.handle().clone());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on(handle: Handle) -> Self {
        let mut executor = Self::new();
        executor.handle = Some(handle);
        executor
    }

    /// Runs at most `limit` jobs at a time, and at least one; others wait, first come, first served.
    #[must_use]
    pub fn max_concurrent(mut self, limit: usize) -> Self {
        self.max_concurrent = limit;
        self
    }
}

impl Default for TokioExecutor {
    fn default() -> Self {
        Self::new()
    }
}

impl Executor for TokioExecutor {
    fn start(&self) -> Result<(), ExecutorError> {
        let mut started = self.started.write();
        if started.is_none() {
            *started = Some(Started {
                home: Home::find(self.handle.as_ref())?,
                queue: RunQueue::new(self.max_concurrent),
            });
        }
        Ok(())
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        match &*self.started.read() {
            Some(started) => {
                if let Some(worker) = started.queue.push(run)? {
                    worker::start(&started.home, worker, None);
                }
                Ok(())
            }
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

impl Drop for TokioExecutor {
    fn drop(&mut self) {
        if let Some(started) = self.started.get_mut() {
            started.queue.abandon();
        }
    }
}
