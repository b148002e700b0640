//! What an executor brings to the suite.

use punctual_core::Executor;

use super::ExecutorCaps;

/// How one case gets its executor. Cases run at the same time; each sets up a fixture of its own.
pub trait ExecutorFixture: Sized + Send + Sync + 'static {
    /// The executor that is tried.
    type Executor: Executor;

    /// What it can do.
    const CAPS: ExecutorCaps;

    /// Makes what the executor needs around it, such as a runtime.
    fn set_up() -> Self;

    /// Makes an executor, not started: as users make it by default, or for at most `limit` runs at a
    /// time, which is asked only of those that [can](ExecutorCaps::limited).
    fn open(&self, limit: Option<usize>) -> Self::Executor;
}
