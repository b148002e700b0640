//! Closures and futures that are not `Send`, as tasks of jobs.
//!
//! The scheduler requires tasks that are `Send`. Such a task contains only keys: the values stay in a table of the loop's
//! thread, where the task looks them up when it is executed.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use punctual_core::{Action, IntoAction, JobContext, TaskOutput, TaskResult};

use crate::error::LocalTaskError;
use crate::locals::{FunctionKey, LocalFunction, RunKey};
use crate::runner::LoopRunner;

/// A closure that need not be `Send`, and is called on the thread of a loop: pass it to `job(..)` of a scheduler, like
/// any closure. Created by [`LoopRunner::local_task`] and [`LoopRunner::local_async_task`].
///
/// The closure is dropped on the thread of the loop: when its job has been removed, or when the loop ends. A job that
/// uses another executor fails with [`LocalTaskError`].
pub struct LocalTask {
    function: FunctionKey,
    is_async: bool,
}

/// Marks [`LocalTask`]s for [`IntoAction`].
#[derive(Debug)]
pub struct LocalTaskMarker;

impl LoopRunner {
    /// Creates a task from a closure that blocks the loop while it runs, and need not be `Send`.
    ///
    /// ```
    /// use punctual_executor_loop::LoopExecutor;
    /// use punctual_scheduler::BackgroundScheduler;
    /// use std::cell::Cell;
    /// use std::rc::Rc;
    /// use std::sync::Arc;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let executor = Arc::new(LoopExecutor::new());
    /// let scheduler = BackgroundScheduler::builder()
    ///     .timezone("UTC")
    ///     .executor("default", Arc::clone(&executor))
    ///     .start()?;
    /// let jobs = executor.attach(|| {})?;
    ///
    /// let window_title = Rc::new(Cell::new("old"));
    /// let title = Rc::clone(&window_title);
    /// let task = jobs.local_task(move |_context| title.set("new"));
    /// let job = scheduler.job(task).paused().add()?;
    ///
    /// let run = job.run_now()?;
    /// let scheduler = scheduler.to_async();
    /// jobs.block_on(scheduler.shutdown())?;
    /// let outcome = run.wait();
    /// assert!(outcome.is_success());
    /// assert_eq!(window_title.get(), "new");
    /// # Ok(())
    /// # }
    /// ```
    pub fn local_task<R: TaskOutput>(
        &self,
        function: impl Fn(JobContext) -> R + 'static,
    ) -> LocalTask {
        let function = Rc::new(move |context| function(context).into_result());
        LocalTask {
            function: self.locals().add(LocalFunction::Blocking(function)),
            is_async: false,
        }
    }

    /// Creates a task from a closure that returns a future. Neither must be `Send`.
    ///
    /// ```
    /// use punctual_executor_loop::LoopExecutor;
    /// use std::rc::Rc;
    ///
    /// # fn main() -> Result<(), punctual_executor_loop::AttachError> {
    /// let jobs = LoopExecutor::new().attach(|| {})?;
    /// let name = Rc::new("ann");
    /// let task = jobs.local_async_task(move |context| {
    ///     let name = Rc::clone(&name);
    ///     async move { format!("{name} ran {}", context.job_id()) }
    /// });
    /// # drop(task);
    /// # Ok(())
    /// # }
    /// ```
    pub fn local_async_task<R>(&self, function: impl Fn(JobContext) -> R + 'static) -> LocalTask
    where
        R: Future<Output: TaskOutput> + 'static,
    {
        let function = Rc::new(move |context| {
            let run = function(context);
            Box::pin(async move { run.await.into_result() }) as _
        });
        LocalTask { function: self.locals().add(LocalFunction::Async(function)), is_async: true }
    }
}

impl IntoAction<LocalTaskMarker> for LocalTask {
    fn into_action(self) -> Action {
        let function = self.function;
        if self.is_async {
            return (move |context| AsyncLocalRun {
                function: function.clone(),
                state: Some(State::New(context)),
            })
            .into_action();
        }
        (move |context: JobContext| match function.get() {
            Some(LocalFunction::Blocking(function)) => function(context),
            _ => Err(LocalTaskError.into()),
        })
        .into_action()
    }
}

/// The `Send` side of a run of an async local task.
struct AsyncLocalRun {
    function: FunctionKey,
    state: Option<State>,
}

enum State {
    New(JobContext),
    Started(RunKey),
}

impl AsyncLocalRun {
    fn start(&self, context: JobContext) -> Option<RunKey> {
        match self.function.get()? {
            LocalFunction::Async(function) => RunKey::add(&self.function, function(context)),
            LocalFunction::Blocking(_) => None,
        }
    }
}

impl Future for AsyncLocalRun {
    type Output = TaskResult;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<TaskResult> {
        let key = match self.state.take() {
            Some(State::New(job)) => self.start(job),
            Some(State::Started(key)) => Some(key),
            None => None,
        };
        let polled = key.as_ref().and_then(|key| {
            key.with(|mut run| match run.as_mut().poll(context) {
                Poll::Pending => (Poll::Pending, Some(run)),
                ready => (ready, None),
            })
        });
        if matches!(polled, Some(Poll::Pending)) {
            self.state = key.map(State::Started);
        }
        polled.unwrap_or_else(|| Poll::Ready(Err(LocalTaskError.into())))
    }
}

impl fmt::Debug for LocalTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalTask").field("is_async", &self.is_async).finish_non_exhaustive()
    }
}
