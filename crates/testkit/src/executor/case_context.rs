//! The context of a case.

use std::ops::Deref;

use super::ExecutorFixture;
use super::under_test::ExecutorUnderTest;

/// A fixture with one started executor, which has the default limit.
#[derive(Debug)]
pub struct CaseContext<F: ExecutorFixture> {
    // Dropped before the fixture, which can own the runtime of the executor.
    default_executor: ExecutorUnderTest<F::Executor>,
    fixture: F,
}

impl<F: ExecutorFixture> CaseContext<F> {
    pub(crate) fn new(fixture: F) -> Self {
        let default_executor = ExecutorUnderTest::new(fixture.open(None));
        default_executor.start();
        Self { default_executor, fixture }
    }

    /// Creates another executor that is not started.
    pub(crate) fn open(&self) -> F::Executor {
        self.fixture.open(None)
    }

    /// Creates another executor under test that is not started.
    pub(crate) fn unstarted(&self) -> ExecutorUnderTest<F::Executor> {
        ExecutorUnderTest::new(self.open())
    }

    /// Creates and starts an executor for at most `limit` concurrent runs.
    pub(crate) fn limited(&self, limit: usize) -> ExecutorUnderTest<F::Executor> {
        let limited = ExecutorUnderTest::new(self.fixture.open(Some(limit)));
        limited.start();
        limited
    }
}

impl<F: ExecutorFixture> Deref for CaseContext<F> {
    type Target = ExecutorUnderTest<F::Executor>;

    fn deref(&self) -> &ExecutorUnderTest<F::Executor> {
        &self.default_executor
    }
}
