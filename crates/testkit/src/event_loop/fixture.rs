//! The fixture of a loop.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use punctual_core::Executor;

use super::LoopThread;
use crate::executor::{ExecutorCaps, ExecutorFixture};

/// Starts loops for the cases, each on its own thread.
pub trait LoopFixture: 'static {
    /// The executor under test.
    type Executor: Executor;

    /// Creates an executor that is not started, and starts a loop on a new thread that executes its runs.
    fn open(options: LoopOptions) -> LoopThread<Self::Executor>;

    /// Runs a test, whose path is `path`: by default, calls it. Overridden if tests need an environment, as that of
    /// [`on_display`](crate::on_display).
    fn run_test(path: &str, test: impl FnOnce()) {
        let _ = path;
        test();
    }
}

/// The options of an executor under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoopOptions {
    /// The maximum number of concurrent runs.
    pub max_concurrent: usize,
    /// Runs that block the loop for longer are reported.
    pub blocking_limit: Duration,
}

impl Default for LoopOptions {
    fn default() -> Self {
        Self { max_concurrent: usize::MAX, blocking_limit: Duration::MAX }
    }
}

/// Runs the executor suite with a loop.
pub struct OnLoop<F>(PhantomData<fn() -> F>);

impl<F: LoopFixture> ExecutorFixture for OnLoop<F> {
    type Executor = LoopThread<F::Executor>;

    const CAPS: ExecutorCaps = ExecutorCaps::LOOP;

    fn set_up() -> Self {
        Self(PhantomData)
    }

    fn open(&self, limit: Option<usize>) -> Self::Executor {
        let max_concurrent = limit.unwrap_or(usize::MAX);
        F::open(LoopOptions { max_concurrent, ..LoopOptions::default() })
    }

    fn run_test(path: &str, test: impl FnOnce()) {
        F::run_test(path, test);
    }
}

impl<F> fmt::Debug for OnLoop<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnLoop")
    }
}
