//! One run on its way through an executor.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::inside::Inside;
use crate::codec::Encoded;
use crate::event::{RunEvent, RunOutcome};
use crate::task::{AnyTask, BoxFuture, JobContext, TaskBody, TaskName, TaskResult};
use crate::time::{Clock, Timestamp};

/// One run of a job: everything an executor needs, and the promise of exactly one report.
///
/// An executor in this process calls [`execute`](Self::execute). One that runs tasks elsewhere reads
/// [`task`](Self::task), [`args`](Self::args) and [`context`](Self::context), tells
/// [`begin`](Self::begin) and in the end [`finish`](Self::finish). A `Run` that is dropped without a
/// report is reported as [`RunOutcome::Lost`].
pub struct Run {
    parts: RunParts,
    started: Option<Timestamp>,
    reported: bool,
}

/// What a [`Run`] is made of; for schedulers and for tests of executors.
pub struct RunParts {
    /// What the task may know about the run.
    pub context: JobContext,
    /// The task's name.
    pub task: TaskName,
    /// The task.
    pub body: Arc<dyn AnyTask>,
    /// Its arguments.
    pub args: Encoded,
    /// After this instant the run is not begun any more, but reported as missed.
    pub deadline: Option<Timestamp>,
    /// Tells when it began and ended.
    pub clock: Arc<dyn Clock>,
    /// Takes the report.
    pub sink: Arc<dyn RunSink>,
}

impl fmt::Debug for RunParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunParts")
            .field("task", &self.task)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

/// Takes the reports of runs; implemented by schedulers.
pub trait RunSink: Send + Sync + 'static {
    /// A run has ended, or will never begin. Called exactly once per run, from any thread; must not
    /// block.
    fn report(&self, report: RunReport);
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// The run; `outcome` is always there.
    pub event: RunEvent,
}

impl Run {
    /// Puts a run together.
    #[must_use]
    pub fn new(parts: RunParts) -> Self {
        Self {
            parts,
            started: None,
            reported: false,
        }
    }

    /// What the task may know about the run.
    #[must_use]
    pub fn context(&self) -> &JobContext {
        &self.parts.context
    }

    /// The task's name.
    #[must_use]
    pub fn task(&self) -> &TaskName {
        &self.parts.task
    }

    /// The task's arguments.
    #[must_use]
    pub fn args(&self) -> &Encoded {
        &self.parts.args
    }

    /// Marks the beginning. `None`: it is too late for the job's `misfire_grace_time`; the run has been
    /// reported as missed and must not be begun.
    #[must_use]
    pub fn begin(mut self) -> Option<Self> {
        let now = self.parts.clock.now();
        if self.parts.deadline.is_some_and(|deadline| now > deadline) {
            self.finish(RunOutcome::Missed);
            return None;
        }
        self.started = Some(now);
        Some(self)
    }

    /// Reports the end.
    pub fn finish(mut self, outcome: RunOutcome) {
        self.report(outcome);
    }

    fn report(&mut self, outcome: RunOutcome) {
        self.reported = true;
        let mut event = RunEvent::of(&self.parts.context);
        event.started = self.started;
        event.finished = self.started.map(|_| self.parts.clock.now());
        event.outcome = Some(outcome);
        self.parts.sink.report(RunReport { event });
    }

    /// Begins, runs the task to its end on this thread, and reports. `block_on` drives the future of an
    /// async task; panics of the task are caught and reported.
    pub fn execute(self, block_on: impl FnOnce(BoxFuture<'static, ()>)) {
        match self.into_prepared() {
            Some(Prepared::Blocking(work)) => work(),
            Some(Prepared::Async(work)) => block_on(work),
            None => {}
        }
    }

    /// Begins and decodes. Blocking work comes back as [`Prepared::Blocking`], to be run where blocking
    /// is allowed; async work as a future that runs, catches panics, and reports.
    #[must_use]
    pub fn into_prepared(self) -> Option<Prepared> {
        let (run, body) = self.prepare()?;
        Some(match body {
            TaskBody::Blocking(work) => Prepared::Blocking(Box::new(move || {
                run.finish(outcome_of(catch(work)));
            })),
            TaskBody::Async(work) => Prepared::Async(Box::pin(async move {
                run.finish(outcome_of(CatchUnwind(work).await));
            })),
        })
    }

    fn prepare(self) -> Option<(Self, TaskBody)> {
        let run = self.begin()?;
        let made = catch(|| {
            run.parts
                .body
                .body(run.parts.context.clone(), &run.parts.args)
        });
        match made {
            Ok(Ok(body)) => Some((run, body)),
            Ok(Err(error)) => {
                run.finish(RunOutcome::InvalidArguments(Arc::new(error)));
                None
            }
            Err(panic) => {
                run.finish(RunOutcome::Panicked(panic_message(&*panic)));
                None
            }
        }
    }
}

/// A run that has begun; see [`Run::into_prepared`].
pub enum Prepared {
    /// Blocks its thread until the run has been reported.
    Blocking(Box<dyn FnOnce() + Send>),
    /// Is done when the run has been reported.
    Async(BoxFuture<'static, ()>),
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blocking(_) => "Blocking",
            Self::Async(_) => "Async",
        })
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.reported {
            self.report(RunOutcome::Lost);
        }
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Run").field(&self.parts).finish()
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
        Ok(Err(error)) => RunOutcome::Failed(Arc::new(error)),
        Err(panic) => RunOutcome::Panicked(panic_message(&*panic)),
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "the panic carried no text".to_owned())
}

/// Turns a panic while polling into a value.
struct CatchUnwind(BoxFuture<'static, TaskResult>);

impl Future for CatchUnwind {
    type Output = Result<TaskResult, Box<dyn Any + Send>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match catch(|| self.0.as_mut().poll(context)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(result)) => Poll::Ready(Ok(result)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}
