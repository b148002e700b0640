//! Runs with decoded arguments, and their execution.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Run;
use super::run_guard::RunGuard;
use crate::error::error_chain;
use crate::event::RunOutcome;
use crate::task::{BoxFuture, TaskBody, TaskError, TaskResult};

impl Run {
    /// Decodes the arguments and returns the prepared run, which starts when it is run or first polled. Returns
    /// `None` if the arguments can't be decoded or the task panicked; the outcome has then been reported.
    #[must_use]
    pub fn prepare(self) -> Option<Prepared> {
        match catch_panic(|| self.body().body(self.context().clone(), self.args())) {
            Ok(Ok(work)) => Some(Prepared::new(self, work)),
            Ok(Err(error)) => {
                self.finish(RunOutcome::InvalidArguments(Arc::new(error)));
                None
            }
            Err(panic) => {
                self.finish(RunOutcome::Panicked(panic_text(&*panic)));
                None
            }
        }
    }

    /// Executes the task on this thread; `block_on` drives a future.
    pub fn execute(self, block_on: impl FnOnce(AsyncRun)) {
        match self.prepare() {
            Some(Prepared::Blocking(run)) => run.run(),
            Some(Prepared::Async(run)) => block_on(run),
            None => {}
        }
    }
}

/// A run with decoded arguments, returned by [`Run::prepare`].
#[derive(Debug)]
pub enum Prepared {
    /// Work that blocks its thread.
    Blocking(BlockingRun),
    /// A future.
    Async(AsyncRun),
}

impl Prepared {
    fn new(run: Run, work: TaskBody) -> Self {
        match work {
            TaskBody::Blocking(work) => Self::Blocking(BlockingRun { work, run }),
            TaskBody::Async(work) => {
                Self::Async(AsyncRun(Some(AsyncRunState::Ready { work, run })))
            }
        }
    }
}

/// A run that blocks its thread. It is reported as lost if it is dropped instead of run.
pub struct BlockingRun {
    work: Box<dyn FnOnce() -> TaskResult + Send>,
    run: Run,
}

impl BlockingRun {
    /// Starts the run, executes the task on this thread and reports the outcome. A panic of the task is caught and
    /// reported.
    pub fn run(self) {
        if let Some(run) = self.run.begin() {
            let outcome = run.in_span(|| outcome_of(catch_panic(self.work)));
            run.finish(outcome);
        }
    }
}

impl fmt::Debug for BlockingRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockingRun").field(&self.run).finish()
    }
}

/// A run that is a future. It starts when it is first polled and is ready when the outcome has been reported. A panic
/// of the task is caught and reported. A run that is dropped earlier is reported as lost. If the run is
/// [aborted](crate::JobContext::abort), the future of the task is dropped.
pub struct AsyncRun(Option<AsyncRunState>);

/// The result of polling the future of a task.
enum Polled {
    Pending(BoxFuture<'static, TaskResult>),
    Ready(TaskResult),
    /// The future was dropped.
    Aborted,
}

/// `work` is declared first, so that it is dropped before its run is reported as lost.
enum AsyncRunState {
    Ready { work: BoxFuture<'static, TaskResult>, run: Run },
    Started { work: BoxFuture<'static, TaskResult>, run: Run },
}

impl Future for AsyncRun {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let (mut work, run) = match self.0.take() {
            None => return Poll::Ready(()),
            Some(AsyncRunState::Started { work, run }) => (work, run),
            Some(AsyncRunState::Ready { work, run }) => match run.begin() {
                Some(run) => (work, run),
                None => return Poll::Ready(()),
            },
        };
        // The future is dropped before the report is sent, so that its resources are released when the report is
        // received.
        let is_aborted = run.context().is_aborted();
        let poll = || {
            if is_aborted {
                drop(work);
                return Polled::Aborted;
            }
            match work.as_mut().poll(context) {
                Poll::Pending => Polled::Pending(work),
                Poll::Ready(result) => {
                    drop(work);
                    Polled::Ready(result)
                }
            }
        };
        let polled = run.in_span(|| catch_panic(poll));
        let result = match polled {
            Ok(Polled::Pending(work)) => {
                if run.context().wake_on_abort(context.waker()) {
                    context.waker().wake_by_ref();
                }
                self.0 = Some(AsyncRunState::Started { work, run });
                return Poll::Pending;
            }
            Ok(Polled::Aborted) => {
                // Reported with the reason of its cancellation.
                run.finish(RunOutcome::Lost);
                return Poll::Ready(());
            }
            Ok(Polled::Ready(result)) => Ok(result),
            Err(panic) => Err(panic),
        };
        run.finish(outcome_of(result));
        Poll::Ready(())
    }
}

impl fmt::Debug for AsyncRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = self.0.as_ref().map(|state| match state {
            AsyncRunState::Ready { run, .. } | AsyncRunState::Started { run, .. } => run,
        });
        f.debug_tuple("AsyncRun").field(&run).finish()
    }
}

/// Runs user code under the guard and returns a panic as a value.
fn catch_panic<T>(f: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    let _guard = RunGuard::enter();
    catch_unwind(AssertUnwindSafe(f))
}

fn outcome_of(result: Result<TaskResult, Box<dyn Any + Send>>) -> RunOutcome {
    match result {
        Ok(Ok(value)) => RunOutcome::Success(value),
        // Format the error once here, where a panic is reported as a panic of the task. Code that formats the error
        // later does not catch panics.
        Ok(Err(error)) => match catch_panic(|| format_and_discard(&error)) {
            Ok(()) => RunOutcome::Failed(Arc::new(error)),
            Err(panic) => panicked(panic),
        },
        Err(panic) => panicked(panic),
    }
}

/// Formats the error and its sources, and discards the text.
fn format_and_discard(error: &TaskError) {
    let _text = error_chain(&**error).to_string();
}

fn panicked(panic: Box<dyn Any + Send>) -> RunOutcome {
    let text = panic_text(&*panic);
    // Dropping the panic payload may panic as well. The payload of that second panic is leaked.
    std::mem::forget(catch_panic(|| drop(panic)));
    RunOutcome::Panicked(text)
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "the panic has no message".to_owned())
}
