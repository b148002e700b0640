//! Which abilities a group of cases is for.

use super::ExecutorCaps;

/// For every executor.
#[must_use]
pub fn nothing(_caps: ExecutorCaps) -> bool {
    true
}

/// For executors whose tasks can talk with the case.
#[must_use]
pub fn memory(caps: ExecutorCaps) -> bool {
    caps.in_process
}

/// For executors that start and shut down workers.
#[must_use]
pub fn workers(caps: ExecutorCaps) -> bool {
    caps.workers
}

/// For executors whose workers can be watched from inside a task.
#[must_use]
pub fn watched_workers(caps: ExecutorCaps) -> bool {
    caps.workers && caps.in_process
}

/// For executors in which runs wait for each other, watched from inside a task.
#[must_use]
pub fn watched_queue(caps: ExecutorCaps) -> bool {
    caps.limited && watched_workers(caps)
}

/// For executors in which runs wait for each other, watched from outside.
#[must_use]
pub fn queue(caps: ExecutorCaps) -> bool {
    caps.workers && caps.limited
}

/// For executors that have tokio behind async tasks, in whatever process.
#[must_use]
pub fn tokio_anywhere(caps: ExecutorCaps) -> bool {
    caps.tokio
}

/// For executors that have tokio behind async tasks.
#[must_use]
pub fn tokio(caps: ExecutorCaps) -> bool {
    caps.tokio && caps.in_process
}
