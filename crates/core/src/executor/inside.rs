//! Whether the current code is part of a run.

use std::cell::Cell;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Whether the caller is being run by an executor of this process, at this moment, on this thread.
///
/// A scheduler asks this when it is shut down, so as not to wait for the very job that asked for it.
#[must_use]
pub fn inside_run() -> bool {
    DEPTH.get() > 0
}

/// Marks the time from its making to its end as inside a run.
pub(super) struct Inside;

impl Inside {
    pub(super) fn enter() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}
