//! One case being tried.

use std::ops::Deref;

use super::ExecutorFixture;
use super::handle::Handle;

/// A fixture with one started executor, as users make it by default.
#[derive(Debug)]
pub struct Trial<F: ExecutorFixture> {
    // Before the fixture: it can hold the runtime that the executor runs on.
    ours: Handle<F::Executor>,
    fixture: F,
}

impl<F: ExecutorFixture> Trial<F> {
    pub(crate) fn new(fixture: F) -> Self {
        let ours = Handle::new(fixture.open(None));
        ours.start();
        Self { ours, fixture }
    }

    /// Another executor, not started and in no hands.
    pub(crate) fn open(&self) -> F::Executor {
        self.fixture.open(None)
    }

    /// Another executor, not started.
    pub(crate) fn unstarted(&self) -> Handle<F::Executor> {
        Handle::new(self.open())
    }

    /// A started executor for so many runs at a time.
    pub(crate) fn limited(&self, limit: usize) -> Handle<F::Executor> {
        let limited = Handle::new(self.fixture.open(Some(limit)));
        limited.start();
        limited
    }
}

impl<F: ExecutorFixture> Deref for Trial<F> {
    type Target = Handle<F::Executor>;

    fn deref(&self) -> &Handle<F::Executor> {
        &self.ours
    }
}
