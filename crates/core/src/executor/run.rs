//! A run, as submitted to an executor.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tracing::Span;

use super::lease::Lease;
use super::span::{end_span, run_span};
use crate::codec::Encoded;
use crate::event::{RunEvent, RunOutcome};
use crate::task::{CancelReason, DynTask, JobContext, TaskName};
use crate::time::{Clock, Timestamp};

/// One run of a job: all that an executor needs to execute it. It ensures that exactly one report is sent.
///
/// An in-process executor calls [`prepare`](Self::prepare) or [`execute`](Self::execute). An executor that runs tasks
/// elsewhere reads [`task`](Self::task), [`args`](Self::args) and [`context`](Self::context), calls
/// [`begin`](Self::begin) when the run starts and [`finish`](Self::finish) when it finishes, with the error restored
/// by [`body`](Self::body). A `Run` that is dropped without a report is reported as [`RunOutcome::Lost`].
pub struct Run {
    parts: RunParts,
    lease: Option<Lease>,
    claim: Option<Lease>,
    started: Option<Timestamp>,
    /// Entered while the task executes. `None` before the start, and if no subscriber is interested.
    span: Option<Box<Span>>,
    reported: bool,
}

/// The parts of a [`Run`], for schedulers and for tests of executors.
#[non_exhaustive]
pub struct RunParts {
    /// The context of the run.
    pub context: JobContext,
    /// The name of the task.
    pub task: TaskName,
    /// The task.
    pub body: Arc<dyn DynTask>,
    /// The encoded arguments.
    pub args: Encoded,
    /// If the run has not started at this instant, it is reported as missed instead of being started.
    pub deadline: Option<Timestamp>,
    /// The clock that provides the start and finish times.
    pub clock: Arc<dyn Clock>,
    /// The receiver of the report.
    pub sink: Arc<dyn RunSink>,
}

impl RunParts {
    /// Creates the parts of a run without a deadline.
    #[must_use]
    pub fn new(
        context: JobContext,
        task: TaskName,
        body: Arc<dyn DynTask>,
        args: Encoded,
        clock: Arc<dyn Clock>,
        sink: Arc<dyn RunSink>,
    ) -> Self {
        Self { context, task, body, args, deadline: None, clock, sink }
    }

    /// Sets the deadline; `None` means no deadline.
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

/// Receives the reports of runs; implemented by schedulers.
pub trait RunSink: Send + Sync + 'static {
    /// Reports that a run has finished or will not be started. Called exactly once per run, from any thread; must not
    /// block.
    fn report(&self, report: RunReport);

    /// Reports that a run has started, before its task is called. Called at most once for each start, from any thread;
    /// must not block. The default implementation does nothing.
    fn started(&self, _task: &TaskName, _context: &JobContext, _at: Timestamp) {}

    /// Reports that a run blocked the thread of a loop for this time, which is longer than its executor allows. Called
    /// any number of times, also shortly after the completion was reported; must not block. The default implementation
    /// ignores it.
    fn blocked(&self, _run: RunEvent, _duration: Duration) {}
}

/// The report of a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunReport {
    /// The run; `outcome` is always set.
    pub event: RunEvent,
}

impl Run {
    /// Creates a run from its parts.
    #[must_use]
    pub fn new(parts: RunParts) -> Self {
        Self { parts, lease: None, claim: None, started: None, span: None, reported: false }
    }

    /// Sets the lease of the run. After the lease has expired, the run is not started, because another node may have
    /// taken it over.
    #[must_use]
    pub fn with_lease(mut self, lease: Lease) -> Self {
        self.lease = Some(lease);
        self
    }

    /// Sets the time for which the run may be started under a claim whose commit has not been confirmed: another node
    /// may claim the job afterwards. The scheduler extends it when the claim is settled.
    #[must_use]
    pub fn with_claim(mut self, claim: Lease) -> Self {
        self.claim = Some(claim);
        self
    }

    /// Returns a value that reports how long the run blocks a loop, also after the run itself has been consumed.
    #[must_use]
    pub fn monitor(&self) -> RunMonitor {
        let RunParts { context, sink, .. } = &self.parts;
        RunMonitor { context: context.clone(), sink: Arc::clone(sink) }
    }

    /// Returns the context of the run.
    #[must_use]
    pub fn context(&self) -> &JobContext {
        &self.parts.context
    }

    /// Returns the name of the task.
    #[must_use]
    pub fn task(&self) -> &TaskName {
        &self.parts.task
    }

    /// Returns the task, which builds the work of the run and restores errors.
    #[must_use]
    pub fn body(&self) -> &dyn DynTask {
        &*self.parts.body
    }

    /// Returns the encoded arguments.
    #[must_use]
    pub fn args(&self) -> &Encoded {
        &self.parts.args
    }

    /// Marks the run as started. Returns `None` if the run must not be started; it has then been reported as missed if
    /// its deadline has passed, as cancelled if a user or a later fire time has requested that, or as lost if a shutdown has, or
    /// its [lease](Self::with_lease) or its [claim](Self::with_claim) has expired.
    #[must_use]
    pub fn begin(mut self) -> Option<Self> {
        if self.parts.context.is_cancelled() {
            return None;
        }
        let now = self.parts.clock.now();
        let is_expired =
            |lease: &Option<Lease>| lease.as_ref().is_some_and(|own| own.is_expired(now));
        if is_expired(&self.lease) || is_expired(&self.claim) {
            return None;
        }
        if self.parts.deadline.is_some_and(|deadline| now > deadline) {
            self.finish(RunOutcome::Missed);
            return None;
        }
        self.set_started(now);
        Some(self)
    }

    /// Marks the run as started without the checks of [`begin`](Self::begin), for executors whose child process has
    /// already started it.
    #[must_use]
    pub fn begun(mut self) -> Self {
        let now = self.parts.clock.now();
        self.set_started(now);
        self
    }

    /// Reports the outcome.
    pub fn finish(mut self, outcome: RunOutcome) {
        self.report(outcome);
    }

    /// Returns whether the run has a deadline, a lease or a claim that must be checked at its start.
    pub(super) fn has_start_conditions(&self) -> bool {
        self.parts.deadline.is_some() || self.lease.is_some() || self.claim.is_some()
    }

    fn set_started(&mut self, now: Timestamp) {
        self.started = Some(now);
        self.parts.context.set_started(Some(now));
        self.span = run_span(&self.parts.task, &self.parts.context);
        self.parts.sink.started(&self.parts.task, &self.parts.context, now);
    }

    /// Calls the task inside the span of the run.
    pub(super) fn in_span<T>(&self, call: impl FnOnce() -> T) -> T {
        match &self.span {
            Some(span) => span.in_scope(call),
            None => call(),
        }
    }

    /// Clears the start time.
    pub(super) fn clear_started(mut self) -> Self {
        self.started = None;
        self.span = None;
        self.parts.context.set_started(None);
        self
    }

    fn report(&mut self, outcome: RunOutcome) {
        self.reported = true;
        let outcome = reported_outcome(&self.parts.context, outcome);
        if matches!(
            outcome,
            RunOutcome::InvalidArguments(_) | RunOutcome::Missed | RunOutcome::Refused(_)
        ) {
            // The task was not executed, even if the run had been marked as started.
            self.started = None;
        }
        if let Some(span) = &self.span {
            end_span(span, &outcome);
        }
        let mut event = RunEvent::of(&self.parts.context);
        event.started = self.started;
        event.finished = self.started.map(|_| self.parts.clock.now());
        event.outcome = Some(outcome);
        self.parts.sink.report(RunReport { event });
    }
}

/// Reports how long a run blocks the thread of a loop; returned by [`Run::monitor`].
///
/// ```
/// use std::time::Duration;
/// use punctual_core::Run;
///
/// fn execute(run: Run, measured: Duration) {
///     let monitor = run.monitor();
///     run.execute(pollster::block_on);
///     if measured > Duration::from_millis(100) {
///         monitor.blocked(measured);
///     }
/// }
/// ```
#[derive(Clone)]
pub struct RunMonitor {
    context: JobContext,
    sink: Arc<dyn RunSink>,
}

impl RunMonitor {
    /// Reports that the run has blocked its loop for this time.
    pub fn blocked(&self, duration: Duration) {
        self.sink.blocked(RunEvent::of(&self.context), duration);
    }
}

impl fmt::Debug for RunMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunMonitor").field(&self.context).finish()
    }
}

/// The outcome to report for a run that has ended with `outcome`: if it was cancelled by its timeout, a user or a later fire
/// time, that is its outcome, unless its task panicked or was not executed for another reason.
fn reported_outcome(context: &JobContext, outcome: RunOutcome) -> RunOutcome {
    let Some(reason) = context.cancel_reason() else { return outcome };
    let is_replaced = match &outcome {
        RunOutcome::Success(_) | RunOutcome::Failed(_) | RunOutcome::Lost => true,
        RunOutcome::Killed(how) => how.is_by_cancellation(),
        _ => false,
    };
    match reason {
        CancelReason::Timeout if is_replaced => {
            RunOutcome::TimedOut(context.timeout().unwrap_or_default())
        }
        CancelReason::User | CancelReason::Overlap if is_replaced => RunOutcome::Cancelled,
        _ => outcome,
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
