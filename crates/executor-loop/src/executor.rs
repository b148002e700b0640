//! The executor.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use punctual_core::{BoxFuture, Executor, ExecutorError, Refused, Run, RunQueue};

use crate::error::AttachError;
use crate::mailbox::Mailbox;
use crate::runner::LoopRunner;

/// The default of [`LoopExecutor::blocking_limit`].
const BLOCKING_LIMIT: Duration = Duration::from_millis(100);

/// Runs jobs on the thread of a loop that the program has, as a mailbox: runs are queued from any thread, the loop is
/// woken once, and its thread executes what is ready.
///
/// [`attach`](Self::attach) connects a loop. Until then runs are queued; after the loop has ended they are refused.
/// Blocking tasks run one after the other; while one runs, the loop does nothing else. Async tasks are polled on the
/// same thread, without a runtime, and can wait concurrently; they can use timers and I/O only if the loop runs in a
/// runtime that provides them. [`LocalTask`](crate::LocalTask)s are closures that are not `Send`.
///
/// The scheduler must be on another thread, as a `BackgroundScheduler` is. Cloning an `Arc` of the executor shares it
/// with the scheduler.
///
/// ```
/// use punctual_core::Executor;
/// use punctual_executor_loop::{LoopBudget, LoopExecutor};
/// use punctual_testkit::executor::blocking_run;
/// use std::sync::Arc;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let executor = Arc::new(LoopExecutor::new());
/// executor.start()?;
/// // A game that draws frames needs no waker: it calls `run_ready` in each frame.
/// let jobs = executor.attach(|| {})?;
/// let loop_thread = std::thread::current().id();
/// let (run, outcome) = blocking_run(move |_| std::thread::current().id() == loop_thread);
/// std::thread::scope(|scope| scope.spawn(|| executor.submit(run)).join()).unwrap().unwrap();
/// jobs.run_ready(LoopBudget::default());
/// assert_eq!(outcome.outcome().to_string(), "success: true");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LoopExecutor {
    max_concurrent: usize,
    blocking_limit: Duration,
    pub(crate) mailbox: Arc<Mailbox>,
    started: RwLock<Option<Arc<RunQueue>>>,
}

impl LoopExecutor {
    /// Creates an executor without a limit of concurrent jobs.
    #[must_use]
    pub fn new() -> Self {
        Self {
            max_concurrent: usize::MAX,
            blocking_limit: BLOCKING_LIMIT,
            mailbox: Arc::default(),
            started: RwLock::new(None),
        }
    }

    /// Limits the number of concurrent jobs to `limit`, at least one. Further jobs are queued and started in order of
    /// submission (FIFO). Default: no limit; only async jobs are concurrent.
    ///
    /// ```
    /// use punctual_executor_loop::LoopExecutor;
    ///
    /// let executor = LoopExecutor::new().max_concurrent(10);
    /// # let _ = executor;
    /// ```
    #[must_use]
    pub fn max_concurrent(mut self, limit: usize) -> Self {
        self.max_concurrent = limit;
        self
    }

    /// Sets the time for which a run may block the loop: a blocking task as a whole, an async task between two waits.
    /// If it takes longer, the scheduler emits [`LoopBlocked`](punctual_core::Event::LoopBlocked), which is also
    /// logged. Default: 100 milliseconds. `Duration::MAX` disables it.
    ///
    /// ```
    /// use punctual_executor_loop::LoopExecutor;
    /// use std::time::Duration;
    ///
    /// let executor = LoopExecutor::new().blocking_limit(Duration::from_millis(8));
    /// # let _ = executor;
    /// ```
    #[must_use]
    pub fn blocking_limit(mut self, limit: Duration) -> Self {
        self.blocking_limit = limit;
        self
    }

    /// Attaches the loop of the current thread: from now on this thread executes the runs, when it calls
    /// [`LoopRunner::run_ready`]. It can be called before or after the start of the scheduler, and again after the last
    /// clone of the returned runner has been dropped.
    ///
    /// `waker` makes the loop call `run_ready` soon. It is called from any thread, also from that of the loop, and only
    /// once until `run_ready` is called. It must not block or call `run_ready` itself.
    ///
    /// ```
    /// use punctual_executor_loop::{LoopBudget, LoopExecutor};
    /// use std::sync::mpsc::channel;
    ///
    /// enum Message { RunJobs, Quit }
    ///
    /// # fn main() -> Result<(), punctual_executor_loop::AttachError> {
    /// let executor = LoopExecutor::new();
    /// let (sender, messages) = channel();
    /// let waker = sender.clone();
    /// let jobs = executor.attach(move || drop(waker.send(Message::RunJobs)))?;
    /// # sender.send(Message::Quit).unwrap();
    /// for message in messages {
    ///     match message {
    ///         Message::RunJobs => drop(jobs.run_ready(LoopBudget::default())),
    ///         Message::Quit => break,
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`AttachError::AlreadyAttached`].
    pub fn attach(
        &self,
        waker: impl Fn() + Send + Sync + 'static,
    ) -> Result<LoopRunner, AttachError> {
        self.mailbox.attach(Arc::new(waker))?;
        Ok(LoopRunner::new(Arc::clone(&self.mailbox), self.blocking_limit))
    }

    /// Returns the runner of the loop that is attached, if this is its thread.
    ///
    /// ```
    /// use punctual_executor_loop::LoopExecutor;
    ///
    /// # fn main() -> Result<(), punctual_executor_loop::AttachError> {
    /// let executor = LoopExecutor::new();
    /// let jobs = executor.attach(|| {})?;
    /// assert!(executor.current_runner().is_some());
    /// std::thread::scope(|scope| scope.spawn(|| assert!(executor.current_runner().is_none())).join()).unwrap();
    /// drop(jobs);
    /// assert!(executor.current_runner().is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn current_runner(&self) -> Option<LoopRunner> {
        LoopRunner::current(&self.mailbox)
    }
}

impl Default for LoopExecutor {
    fn default() -> Self {
        Self::new()
    }
}

impl Executor for LoopExecutor {
    fn start(&self) -> Result<(), ExecutorError> {
        let mut started = self.started.write();
        if started.is_none() {
            *started = Some(RunQueue::new(self.max_concurrent));
        }
        Ok(())
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        match &*self.started.read() {
            // After the loop has ended, no thread would execute the run.
            Some(queue) if !self.mailbox.is_detached() => {
                if let Some(worker) = queue.push(run)? {
                    self.mailbox.send_worker(worker);
                }
                Ok(())
            }
            _ => Err(Refused::new(run, ExecutorError::NotRunning)),
        }
    }

    fn shutdown(&self, timeout: Duration) -> BoxFuture<'_, ()> {
        match self.started.write().take() {
            Some(queue) => {
                // Without a loop, the runs can't finish.
                let timeout = if self.mailbox.is_attached() { timeout } else { Duration::ZERO };
                Box::pin(queue.close(timeout))
            }
            None => Box::pin(ready(())),
        }
    }
}

impl Drop for LoopExecutor {
    fn drop(&mut self) {
        if let Some(queue) = self.started.get_mut() {
            queue.abandon();
        }
    }
}
