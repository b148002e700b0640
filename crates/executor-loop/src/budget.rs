//! The limit of one call of `run_ready`.

use std::time::Duration;

/// How much one call of [`LoopRunner::run_ready`](crate::LoopRunner::run_ready) executes, so that the loop remains
/// responsive. The limit is checked between runs: the call ends after the run that exceeds it, and executes at least one.
/// The default is 4 milliseconds.
///
/// ```
/// use punctual_executor_loop::LoopBudget;
/// use std::time::Duration;
///
/// // Whichever is reached first.
/// let budget = LoopBudget::time(Duration::from_millis(2)).runs(100);
/// # let _ = budget;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a budget has an effect only when it is passed to `run_ready`"]
pub struct LoopBudget {
    pub(crate) time: Duration,
    pub(crate) runs: usize,
}

impl LoopBudget {
    /// Until nothing is ready. Jobs that always start other ones keep the loop forever.
    pub const UNLIMITED: Self = Self { time: Duration::MAX, runs: usize::MAX };

    /// Until this time has elapsed.
    pub const fn time(time: Duration) -> Self {
        Self { time, ..Self::UNLIMITED }
    }

    /// Limits the number of runs that are started or continued.
    pub const fn runs(self, runs: usize) -> Self {
        Self { runs, ..self }
    }
}

impl Default for LoopBudget {
    fn default() -> Self {
        Self::time(Duration::from_millis(4))
    }
}
