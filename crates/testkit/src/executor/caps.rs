//! Capabilities of an executor.

/// Capabilities of an executor; they select the cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecutorCaps {
    /// Runs execute on workers: `submit` returns before the run has finished, and succeeds only between `start` and
    /// `shutdown`.
    pub workers: bool,
    /// The number of concurrent runs can be limited.
    pub limited: bool,
    /// A blocking run does not prevent others from being executed meanwhile.
    pub parallel: bool,
    /// Tasks run in this process and share its memory.
    pub in_process: bool,
    /// Async tasks can use tokio's timers and spawn tokio tasks.
    pub tokio: bool,
}

impl ExecutorCaps {
    /// For executors that run each job inside `submit`.
    pub const INLINE: Self =
        Self { workers: false, limited: false, parallel: false, in_process: true, tokio: false };

    /// For executors that run jobs on threads of this process, with a tokio runtime.
    pub const THREADS: Self =
        Self { workers: true, limited: true, parallel: true, in_process: true, tokio: true };

    /// For executors that run jobs in child processes.
    pub const PROCESSES: Self = Self { in_process: false, ..Self::THREADS };

    /// For executors that run all jobs on one thread, without a runtime.
    pub const LOOP: Self = Self { parallel: false, tokio: false, ..Self::THREADS };
}
