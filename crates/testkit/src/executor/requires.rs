//! Requirements of groups of cases: predicates on the capabilities of an executor.

use super::ExecutorCaps;

/// No requirement: for all executors.
#[must_use]
pub fn none(_caps: ExecutorCaps) -> bool {
    true
}

/// For executors whose tasks run in the process of the case.
#[must_use]
pub fn in_process(caps: ExecutorCaps) -> bool {
    caps.in_process
}

/// For executors with workers, which are started and shut down.
#[must_use]
pub fn workers(caps: ExecutorCaps) -> bool {
    caps.workers
}

/// For executors with workers in the process of the case.
#[must_use]
pub fn in_process_workers(caps: ExecutorCaps) -> bool {
    caps.workers && caps.in_process
}

/// For executors with a queue and workers in the process of the case.
#[must_use]
pub fn in_process_queue(caps: ExecutorCaps) -> bool {
    caps.limited && in_process_workers(caps)
}

/// For executors that queue runs, in any process.
#[must_use]
pub fn queue(caps: ExecutorCaps) -> bool {
    caps.workers && caps.limited
}

/// For executors that execute several blocking runs at a time, in any process.
#[must_use]
pub fn parallel(caps: ExecutorCaps) -> bool {
    caps.parallel && queue(caps)
}

/// For executors that execute several blocking runs at a time, in the process of the case.
#[must_use]
pub fn in_process_parallel(caps: ExecutorCaps) -> bool {
    caps.parallel && in_process_queue(caps)
}

/// For executors that run async tasks in a tokio runtime, in any process.
#[must_use]
pub fn tokio(caps: ExecutorCaps) -> bool {
    caps.tokio
}

/// For executors that run async tasks in a tokio runtime in the process of the case.
#[must_use]
pub fn in_process_tokio(caps: ExecutorCaps) -> bool {
    caps.tokio && caps.in_process
}
