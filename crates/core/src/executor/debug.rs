//! Runs jobs at once, where they are submitted.

use std::time::Duration;

use super::{Executor, ExecutorError, Refused, Run};
use crate::task::BoxFuture;

/// Runs each job to its end inside [`submit`](Executor::submit), on the scheduler's own thread.
///
/// For tests and for manual schedulers, where everything happens in a known order. An async task is
/// polled on the spot and must not need a runtime.
#[derive(Clone, Copy, Debug, Default)]
pub struct DebugExecutor;

impl Executor for DebugExecutor {
    fn start(&self) -> Result<(), ExecutorError> {
        Ok(())
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        run.execute(pollster::block_on);
        Ok(())
    }

    fn shutdown(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
