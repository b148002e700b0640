//! A loop that is a single-threaded async runtime.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use crate::budget::LoopBudget;
use crate::error::AttachError;
use crate::executor::LoopExecutor;
use crate::runner::LoopRunner;

impl LoopExecutor {
    /// Attaches the current thread, whose async runtime executes the runs: spawn the returned future on it, such as on a
    /// tokio `LocalSet` or a `LocalExecutor` of smol. Async tasks can use the timers and I/O of that runtime.
    ///
    /// ```
    /// use punctual_core::Executor;
    /// use punctual_executor_loop::LoopExecutor;
    /// use punctual_testkit::executor::async_run;
    /// use std::time::Duration;
    /// use tokio::task::LocalSet;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let executor = LoopExecutor::new();
    /// executor.start()?;
    /// let (run, outcome) = async_run(|_| async { tokio::time::interval(Duration::from_millis(1)).tick().await; });
    /// executor.submit(run).unwrap();
    /// let (_, jobs) = executor.attach_future()?;
    /// LocalSet::new()
    ///     .run_until(async {
    ///         tokio::task::spawn_local(jobs);
    ///         executor.shutdown(Duration::from_secs(60)).await;
    ///     })
    ///     .await;
    /// assert!(outcome.outcome().is_success());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`AttachError::AlreadyAttached`].
    pub fn attach_future(&self) -> Result<(LoopRunner, LoopFuture), AttachError> {
        let task = Arc::new(Mutex::new(None::<Waker>));
        let woken = Arc::clone(&task);
        let runner = self.attach(move || {
            let waker = woken.lock().clone();
            if let Some(waker) = waker {
                waker.wake();
            }
        })?;
        let budget = LoopBudget::default();
        Ok((runner.clone(), LoopFuture { runner, task, budget }))
    }
}

/// Executes runs whenever it is polled; returned by [`LoopExecutor::attach_future`]. It is never ready: drop it to end the
/// loop, after the scheduler has been shut down.
#[must_use = "futures do nothing unless they are polled"]
pub struct LoopFuture {
    runner: LoopRunner,
    task: Arc<Mutex<Option<Waker>>>,
    budget: LoopBudget,
}

impl LoopFuture {
    /// Sets how much is executed before other tasks of the runtime continue. Default: [`LoopBudget::default`].
    ///
    /// ```
    /// use punctual_executor_loop::{LoopBudget, LoopExecutor};
    ///
    /// # fn main() -> Result<(), punctual_executor_loop::AttachError> {
    /// let (_, jobs) = LoopExecutor::new().attach_future()?;
    /// let jobs = jobs.budget(LoopBudget::UNLIMITED.runs(10));
    /// # drop(jobs);
    /// # Ok(())
    /// # }
    /// ```
    pub fn budget(mut self, budget: LoopBudget) -> Self {
        self.budget = budget;
        self
    }
}

impl Future for LoopFuture {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Before the mail is taken, so that later mail wakes this task.
        let replaced = self.task.lock().replace(context.waker().clone());
        drop(replaced);
        self.runner.run_ready(self.budget);
        Poll::Pending
    }
}

impl fmt::Debug for LoopFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LoopFuture").field(&self.runner).finish()
    }
}
