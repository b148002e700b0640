//! The scheduler for any loop, and for single-threaded async runtimes.

use punctual_executor_loop::LoopFuture;

use crate::attached::AttachedLoop;
use crate::error::LoopError;
use crate::parts::{Parts, loop_scheduler};

/// A scheduler whose jobs run on the thread of a loop that the program writes, or of a single-threaded async runtime: a
/// tokio `LocalSet`, a `LocalExecutor` of smol.
///
/// Jobs run on the loop by default, and elsewhere if they select another executor. It dereferences to the
/// [`BackgroundScheduler`](punctual_scheduler::BackgroundScheduler) that starts them.
///
/// ```
/// use punctual_executor_loop::LoopBudget;
/// use punctual_executor_threads::ThreadPoolExecutor;
/// use punctual_loops::LocalScheduler;
/// use std::cell::Cell;
/// use std::rc::Rc;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let scheduler = LocalScheduler::builder()
///     .timezone("UTC")
///     .executor("threads", ThreadPoolExecutor::new(2))
///     .build()?;
/// scheduler.job(|| {}).executor("threads").add()?;
/// // A game draws frames anyway, so that it need not be woken.
/// let jobs = scheduler.attach(|| {})?;
/// let enemies = Rc::new(Cell::new(0));
/// let own = Rc::clone(&enemies);
/// scheduler.job(jobs.local_task(move |_| own.set(own.get() + 1))).add()?;
/// while enemies.get() == 0 {
///     // Draw a frame, and then:
///     jobs.run_ready(LoopBudget::default());
/// }
/// jobs.shutdown()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct LocalScheduler {
    parts: Parts,
}

loop_scheduler!(LocalScheduler);

impl LocalScheduler {
    /// Attaches the loop of the current thread and starts the scheduler. `waker` makes the loop call
    /// [`run_ready`](punctual_executor_loop::LoopRunner::run_ready) soon; see
    /// [`LoopExecutor::attach`](punctual_executor_loop::LoopExecutor::attach).
    ///
    /// # Errors
    ///
    /// Another loop is attached, or the errors of the scheduler's `start`.
    pub fn attach(
        &self,
        waker: impl Fn() + Send + Sync + 'static,
    ) -> Result<AttachedLoop, LoopError> {
        AttachedLoop::start(&self.parts, self.parts.executor.attach(waker)?)
    }

    /// Attaches the current thread, whose async runtime executes the runs, and starts the scheduler. Spawn the returned
    /// future on that runtime. Async jobs can use its timers and I/O.
    ///
    /// While the runtime continues, `scheduler.to_async().shutdown().await` shuts the scheduler down. After its end,
    /// [`AttachedLoop::shutdown`] does.
    ///
    /// ```
    /// use punctual_loops::LocalScheduler;
    /// use std::time::Duration;
    /// use tokio::task::LocalSet;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let scheduler = LocalScheduler::builder().timezone("UTC").build()?;
    /// let (jobs, future) = scheduler.attach_future()?;
    /// LocalSet::new()
    ///     .run_until(async {
    ///         tokio::task::spawn_local(future);
    ///         let task = jobs.local_async_task(|_| async {
    ///             tokio::time::interval(Duration::from_millis(1)).tick().await;
    ///             "done"
    ///         });
    ///         let scheduler = scheduler.to_async();
    ///         let job = scheduler.job(task).paused().add().await?;
    ///         assert_eq!(job.run_now().await?.wait().await.value(), Some(&"done".into()));
    ///         scheduler.shutdown().await
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`attach`](Self::attach).
    pub fn attach_future(&self) -> Result<(AttachedLoop, LoopFuture), LoopError> {
        let (runner, future) = self.parts.executor.attach_future()?;
        Ok((AttachedLoop::start(&self.parts, runner)?, future))
    }
}
