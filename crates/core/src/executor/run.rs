//! One run on its way through an executor.

use std::fmt;
use std::sync::Arc;

use super::lease::Lease;
use crate::codec::Encoded;
use crate::event::{RunEvent, RunOutcome};
use crate::task::{AnyTask, JobContext, TaskName};
use crate::time::{Clock, Timestamp};

/// One run of a job: everything an executor needs, and the promise of exactly one report.
///
/// An executor in this process calls [`prepare`](Self::prepare) or [`execute`](Self::execute). One that
/// runs tasks elsewhere reads [`task`](Self::task), [`args`](Self::args) and
/// [`context`](Self::context), tells [`begin`](Self::begin) and in the end [`finish`](Self::finish),
/// with the error as the task's [`body`](Self::body) reads it. A `Run` that is dropped without a report
/// is reported as [`RunOutcome::Lost`].
pub struct Run {
    parts: RunParts,
    lease: Option<Lease>,
    started: Option<Timestamp>,
    reported: bool,
}

/// What a [`Run`] is made of; for schedulers and for tests of executors.
#[non_exhaustive]
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

impl RunParts {
    /// A run that may begin however late.
    #[must_use]
    pub fn new(
        context: JobContext,
        task: TaskName,
        body: Arc<dyn AnyTask>,
        args: Encoded,
        clock: Arc<dyn Clock>,
        sink: Arc<dyn RunSink>,
    ) -> Self {
        Self { context, task, body, args, deadline: None, clock, sink }
    }

    /// The same, to be begun until that instant, if there is one.
    #[must_use]
    pub fn with_deadline(self, deadline: Option<Timestamp>) -> Self {
        Self { deadline, ..self }
    }
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
#[non_exhaustive]
pub struct RunReport {
    /// The run; `outcome` is always there.
    pub event: RunEvent,
}

impl Run {
    /// Puts a run together.
    #[must_use]
    pub fn new(parts: RunParts) -> Self {
        Self { parts, lease: None, started: None, reported: false }
    }

    /// Makes the run depend on a lease: when that is over, others may have taken the run over, and it is not
    /// begun any more.
    #[must_use]
    pub fn with_lease(mut self, lease: Lease) -> Self {
        self.lease = Some(lease);
        self
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

    /// The task itself: how it runs here, and how its errors are read.
    #[must_use]
    pub fn body(&self) -> &dyn AnyTask {
        &*self.parts.body
    }

    /// The task's arguments.
    #[must_use]
    pub fn args(&self) -> &Encoded {
        &self.parts.args
    }

    /// Marks the beginning. `None`: it must not be begun, and that has been reported: as missed, when it
    /// is too late for the job's `misfire_grace_time`; as lost, when it has already been asked to end, or
    /// when its [lease](Self::with_lease) is over.
    #[must_use]
    pub fn begin(mut self) -> Option<Self> {
        if self.parts.context.is_cancelled() {
            return None;
        }
        let now = self.parts.clock.now();
        if self.lease.as_ref().is_some_and(|lease| lease.is_over(now)) {
            return None;
        }
        if self.parts.deadline.is_some_and(|deadline| now > deadline) {
            self.finish(RunOutcome::Missed);
            return None;
        }
        self.started = Some(now);
        Some(self)
    }

    /// Marks the beginning of a run that somebody else has begun already, so that nothing can keep it
    /// from beginning any more; otherwise as [`begin`](Self::begin).
    #[must_use]
    pub fn begun(mut self) -> Self {
        self.started = Some(self.parts.clock.now());
        self
    }

    /// Reports the end.
    pub fn finish(mut self, outcome: RunOutcome) {
        self.report(outcome);
    }

    /// Whether it may be too late for it at some time, or somebody else's.
    pub(super) fn must_be_asked(&self) -> bool {
        self.parts.deadline.is_some() || self.lease.is_some()
    }

    /// It has not begun after all.
    pub(super) fn not_begun(mut self) -> Self {
        self.started = None;
        self
    }

    fn report(&mut self, outcome: RunOutcome) {
        self.reported = true;
        if matches!(
            outcome,
            RunOutcome::InvalidArguments(_) | RunOutcome::Missed | RunOutcome::Refused(_)
        ) {
            // Nothing was run, also if somebody else was asked to.
            self.started = None;
        }
        let mut event = RunEvent::of(&self.parts.context);
        event.started = self.started;
        event.finished = self.started.map(|_| self.parts.clock.now());
        event.outcome = Some(outcome);
        self.parts.sink.report(RunReport { event });
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
