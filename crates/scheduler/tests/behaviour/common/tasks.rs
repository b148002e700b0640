//! Tasks that log their calls.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use punctual_core::{JobContext, TaskError};
use punctual_macros::task;

use super::{TIMEOUT, at};

/// A log of task calls, with the argument, the second of the scheduled time and the attempt, and the gate at which
/// [`gated`] tasks wait. Clones share the state.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<(Mutex<LogState>, Condvar)>);

#[derive(Default)]
struct LogState {
    lines: Vec<String>,
    waiting: usize,
    open: bool,
}

impl Log {
    fn of(context: &JobContext) -> Arc<Self> {
        context.app_data::<Self>().expect("the log")
    }

    pub(crate) fn push(&self, line: impl Into<String>) {
        self.0.0.lock().lines.push(line.into());
    }

    fn note(&self, context: &JobContext, what: &str) {
        let second = (context.scheduled_time().as_micros() - at(0).as_micros()) / 1_000_000;
        self.push(match context.attempt() {
            1 => format!("{what}@{second}"),
            attempt => format!("{what}@{second} again {attempt}"),
        });
    }

    /// Returns all lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.0.lock().lines.clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.0.lock().lines.len()
    }

    /// Waits until `count` tasks are blocked at the gate.
    pub(crate) fn wait_for_tasks_at_gate(&self, count: usize) {
        let (state, changed) = &*self.0;
        let mut state = state.lock();
        let late = changed.wait_while_for(&mut state, |state| state.waiting < count, TIMEOUT);
        assert!(!late.timed_out(), "{} of {count} tasks are blocked at the gate", state.waiting);
    }

    /// Opens the gate permanently.
    pub(crate) fn open_gate(&self) {
        self.0.0.lock().open = true;
        self.0.1.notify_all();
    }

    fn wait_for_gate(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock();
        state.waiting += 1;
        changed.notify_all();
        changed.wait_while_for(&mut state, |state| !state.open, TIMEOUT);
        state.waiting -= 1;
    }
}

/// Logs its call.
#[task]
pub(crate) fn note(context: JobContext, what: String) {
    Log::of(&context).note(&context, &what);
}

/// Logs its call, waits at the gate, and returns; ignores cancellation.
#[task]
pub(crate) fn gated(context: JobContext, what: String) {
    let log = Log::of(&context);
    log.note(&context, &what);
    log.wait_for_gate();
}

/// Logs its call, and returns an error as soon as it is cancelled. Later attempts return immediately.
#[task]
pub(crate) async fn interruptible(context: JobContext, what: String) -> Result<(), TaskError> {
    Log::of(&context).note(&context, &what);
    if context.attempt() > 1 {
        return Ok(());
    }
    context.cancelled().await;
    Err("interrupted".into())
}

/// Logs its call, waits at the gate, and fails in its first attempt; ignores cancellation.
#[task]
pub(crate) fn fails_at_gate(context: JobContext, what: String) -> Result<(), TaskError> {
    let log = Log::of(&context);
    log.note(&context, &what);
    log.wait_for_gate();
    if context.attempt() == 1 { Err("late".into()) } else { Ok(()) }
}

/// Returns an error.
#[task]
pub(crate) fn fail(reason: String) -> Result<(), TaskError> {
    Err(reason.into())
}

/// Panics.
#[task]
pub(crate) fn boom(reason: String) {
    panic!("{reason}");
}
