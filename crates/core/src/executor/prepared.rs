//! A run with its arguments decoded, ready to begin, and how it runs to its end.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Run;
use super::inside::Inside;
use crate::error::error_chain;
use crate::event::RunOutcome;
use crate::task::{BoxFuture, TaskBody, TaskError, TaskResult};

impl Run {
    /// Decodes the arguments and makes ready; the run begins when what comes back is run or polled.
    /// `None`: the arguments are not the task's, and that has been reported.
    #[must_use]
    pub fn prepare(self) -> Option<Prepared> {
        match catch(|| self.body().body(self.context().clone(), self.args())) {
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

    /// Runs the task to its end on this thread; `block_on` drives an async one.
    pub fn execute(self, block_on: impl FnOnce(AsyncRun)) {
        match self.prepare() {
            Some(Prepared::Blocking(run)) => run.run(),
            Some(Prepared::Async(run)) => block_on(run),
            None => {}
        }
    }
}

/// What [`Run::prepare`] makes: the two kinds of work need different places.
#[derive(Debug)]
pub enum Prepared {
    /// Blocks its thread.
    Blocking(BlockingRun),
    /// Waits on a runtime.
    Async(AsyncRun),
}

impl Prepared {
    fn new(run: Run, work: TaskBody) -> Self {
        match work {
            TaskBody::Blocking(work) => Self::Blocking(BlockingRun { work, run }),
            TaskBody::Async(work) => Self::Async(AsyncRun(Some(Stage::Ready { work, run }))),
        }
    }
}

/// A run that blocks its thread. Dropped instead of run, it is reported as lost.
pub struct BlockingRun {
    work: Box<dyn FnOnce() -> TaskResult + Send>,
    run: Run,
}

impl BlockingRun {
    /// Begins, works on this thread to the end, and reports; a panic too.
    pub fn run(self) {
        if let Some(run) = self.run.begin() {
            run.finish(outcome_of(catch(self.work)));
        }
    }
}

impl fmt::Debug for BlockingRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockingRun").field(&self.run).finish()
    }
}

/// A run that waits on a runtime: a future that begins when it is first polled and is ready when the end
/// has been reported; a panic too. Dropped earlier, it is reported as lost.
pub struct AsyncRun(Option<Stage>);

/// The work comes first: it is dropped before its run is reported as lost.
enum Stage {
    Ready { work: BoxFuture<'static, TaskResult>, run: Run },
    Begun { work: BoxFuture<'static, TaskResult>, run: Run },
}

impl Future for AsyncRun {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let (mut work, run) = match self.0.take() {
            None => return Poll::Ready(()),
            Some(Stage::Begun { work, run }) => (work, run),
            Some(Stage::Ready { work, run }) => match run.begin() {
                Some(run) => (work, run),
                None => return Poll::Ready(()),
            },
        };
        // What the work holds is let go before the report, so that whoever hears of the end finds it gone.
        let polled = catch(|| match work.as_mut().poll(context) {
            Poll::Pending => Err(work),
            Poll::Ready(result) => {
                drop(work);
                Ok(result)
            }
        });
        let result = match polled {
            Ok(Err(work)) => {
                self.0 = Some(Stage::Begun { work, run });
                return Poll::Pending;
            }
            Ok(Ok(result)) => Ok(result),
            Err(panic) => Err(panic),
        };
        run.finish(outcome_of(result));
        Poll::Ready(())
    }
}

impl fmt::Debug for AsyncRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = self.0.as_ref().map(|stage| match stage {
            Stage::Ready { run, .. } | Stage::Begun { run, .. } => run,
        });
        f.debug_tuple("AsyncRun").field(&run).finish()
    }
}

/// Runs a piece of the task: marked as inside a run, and with a panic turned into a value.
fn catch<T>(piece: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    let _inside = Inside::enter();
    catch_unwind(AssertUnwindSafe(piece))
}

fn outcome_of(result: Result<TaskResult, Box<dyn Any + Send>>) -> RunOutcome {
    match result {
        Ok(Ok(value)) => RunOutcome::Success(value),
        // Asked once here, where a panic is the task's: whoever asks later can't bear one.
        Ok(Err(error)) => match catch(|| ask_for_texts(&error)) {
            Ok(()) => RunOutcome::Failed(Arc::new(error)),
            Err(panic) => panicked(panic),
        },
        Err(panic) => panicked(panic),
    }
}

/// The texts of the error and its sources, as far as they are ever shown.
fn ask_for_texts(error: &TaskError) {
    let _text = error_chain(&**error).to_string();
}

fn panicked(panic: Box<dyn Any + Send>) -> RunOutcome {
    let text = panic_text(&*panic);
    // What it carries is the task's too, and may panic at its end; what that carries is left alone.
    std::mem::forget(catch(|| drop(panic)));
    RunOutcome::Panicked(text)
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "the panic carried no text".to_owned())
}
