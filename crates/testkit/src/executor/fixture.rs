//! The fixture of an executor.

use punctual_core::Executor;

use super::ExecutorCaps;

/// Creates the executors of one case. Cases run concurrently, each with its own fixture.
pub trait ExecutorFixture: Sized + Send + Sync + 'static {
    /// The executor under test.
    type Executor: Executor;

    /// The capabilities of the executor.
    const CAPS: ExecutorCaps;

    /// Creates the environment of the executor, such as a tokio runtime.
    fn set_up() -> Self;

    /// Creates an executor without starting it: with the default limit, or for at most `limit` concurrent runs. A limit
    /// is given only if the executor [supports it](ExecutorCaps::limited).
    fn open(&self, limit: Option<usize>) -> Self::Executor;

    /// Runs a test, whose path is `path`: by default, calls it. Overridden if tests need an environment, as that of
    /// [`on_display`](crate::on_display).
    fn run_test(path: &str, test: impl FnOnce()) {
        let _ = path;
        test();
    }
}
