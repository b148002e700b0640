//! How busy an executor is.

use super::RunQueue;

/// The numbers of runs of an executor, for health checks and metrics; see [`Executor::load`](super::Executor::load).
///
/// ```
/// let load = punctual_core::ExecutorLoad::new(3, 10);
/// assert_eq!((load.queued, load.running), (3, 10));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecutorLoad {
    /// Number of runs that wait for a free worker.
    pub queued: usize,
    /// Number of workers that execute a run.
    pub running: usize,
}

impl ExecutorLoad {
    /// Creates a load.
    #[must_use]
    pub const fn new(queued: usize, running: usize) -> Self {
        Self { queued, running }
    }
}

impl RunQueue {
    /// Returns the numbers of queued runs, and of workers that execute a run. Runs that were
    /// [prefetched](super::Worker::prefetch) are in neither.
    #[must_use]
    pub fn load(&self) -> ExecutorLoad {
        let state = self.lock();
        ExecutorLoad::new(state.queued.len(), state.running.iter().flatten().count())
    }
}
