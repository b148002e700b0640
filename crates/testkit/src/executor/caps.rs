//! What an executor can do.

/// What an executor can do; it selects the cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecutorCaps {
    /// It has workers of its own: `submit` comes back before the run is over, and works only between
    /// `start` and `shutdown`.
    pub workers: bool,
    /// The number of runs at a time can be limited.
    pub limited: bool,
    /// Tasks run in this process, and so share its memory.
    pub in_process: bool,
    /// Async tasks can use tokio's timers and spawn tasks.
    pub tokio: bool,
}

impl ExecutorCaps {
    /// Runs each job inside `submit`.
    pub const INLINE: Self =
        Self { workers: false, limited: false, in_process: true, tokio: false };

    /// Runs jobs on threads of this process, with tokio behind them.
    pub const THREADS: Self = Self { workers: true, limited: true, in_process: true, tokio: true };

    /// Runs jobs in processes of their own.
    pub const PROCESSES: Self = Self { in_process: false, ..Self::THREADS };
}
