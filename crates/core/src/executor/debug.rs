//! An executor that runs jobs synchronously.

use std::time::Duration;

use super::{Executor, ExecutorError, Refused, Run};
use crate::task::BoxFuture;

/// Executes each run inside [`submit`](Executor::submit), on the scheduler's thread.
///
/// For tests and for manual schedulers, which require a deterministic order. A future is polled on the same thread
/// and must not need a runtime.
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
