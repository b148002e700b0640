//! Detects whether the current thread is executing a task.

use std::cell::Cell;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Returns whether the current thread is executing a task on behalf of an executor of this process.
///
/// A scheduler calls this function during shutdown, so that it does not wait for the run that requested the shutdown.
#[must_use]
pub fn is_inside_run() -> bool {
    DEPTH.get() > 0
}

/// A guard: while it exists, the current thread is executing a task.
pub(super) struct RunGuard;

impl RunGuard {
    pub(super) fn enter() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Self
    }
}

impl Drop for RunGuard {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}
