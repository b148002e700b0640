//! The executor.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use punctual_core::{BoxFuture, Executor, ExecutorError, ExecutorLoad, Refused, Run, RunQueue};
use tokio::runtime::Handle;

use crate::runtime::RuntimeHandle;
use crate::worker;

/// Runs async tasks on a tokio runtime, and blocking tasks on the blocking threads of that runtime.
///
/// Jobs don't run on the scheduler's thread, so a blocking job does not delay the scheduler. If the executor is started
/// inside a multi-thread runtime, it uses that runtime; otherwise it creates one with threads named `punctual-worker`.
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
    runtime: Arc<RuntimeHandle>,
}

impl TokioExecutor {
    /// Creates an executor without a limit of concurrent jobs.
    #[must_use]
    pub fn new() -> Self {
        Self { max_concurrent: usize::MAX, handle: None, started: RwLock::new(None) }
    }

    /// Creates an executor that runs jobs on this runtime. Its timers and I/O must be enabled if the jobs use them.
    ///
    /// ```
    /// use punctual_executor_tokio::TokioExecutor;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    /// let executor = TokioExecutor::with_handle(runtime.handle().clone());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_handle(handle: Handle) -> Self {
        let mut executor = Self::new();
        executor.handle = Some(handle);
        executor
    }

    /// Limits the number of concurrent jobs to `limit`, at least one. Further jobs are queued and started in order of
    /// submission (FIFO). Default: no limit.
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
                runtime: RuntimeHandle::get_or_create(self.handle.as_ref())?,
                queue: RunQueue::new(self.max_concurrent),
            });
        }
        Ok(())
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        match &*self.started.read() {
            Some(started) => {
                if let Some(worker) = started.queue.push(run)? {
                    worker::start(&started.runtime, worker, None);
                }
                Ok(())
            }
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

impl Drop for TokioExecutor {
    fn drop(&mut self) {
        if let Some(started) = self.started.get_mut() {
            started.queue.abandon();
        }
    }
}
