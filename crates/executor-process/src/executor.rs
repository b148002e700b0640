//! The executor.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use punctual_core::{BoxFuture, Executor, ExecutorError, ExecutorLoad, Refused, Run, TaskName};

use crate::child::{is_child, registered_tasks};
use crate::options::Options;
use crate::pool::Pool;

/// Runs jobs in child processes, one at a time in each, in order of submission (FIFO). Suitable for CPU-bound tasks and
/// for tasks that may crash.
///
/// The children are this program, started again: **[`init`](crate::init) must be the first line of its `main`**. A
/// child executes many runs, one after another. It can run only the tasks passed to `init`, not closures. The
/// scheduler's `app_data` is not available: `JobContext::app_data` returns `None`.
///
/// A child that crashes is replaced. The outcome of its run is [`RunOutcome::Killed`](punctual_core::RunOutcome); other
/// runs are not affected. When this process exits or is killed, its children are killed, with all processes that their
/// jobs have started and that are still in the child's process group.
///
/// ```no_run
/// # mod punctual { pub use punctual_core::*; pub mod process { pub use punctual_executor_process::init; } }
/// use punctual::{Executor, Tasks};
/// use punctual_executor_process::ProcessPoolExecutor;
///
/// # fn main() -> Result<(), punctual_core::ExecutorError> {
/// punctual::process::init(&Tasks::new());
/// let executor = ProcessPoolExecutor::new(4);
/// executor.start()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ProcessPoolExecutor {
    options: Arc<Options>,
    started: RwLock<Option<Pool>>,
}

impl ProcessPoolExecutor {
    pub(crate) fn with_options(options: Options) -> Self {
        Self { options: Arc::new(options), started: RwLock::new(None) }
    }
}

impl Executor for ProcessPoolExecutor {
    /// Starts the pool. With [`eager`](crate::ProcessPoolExecutorBuilder::eager) it waits until the children are ready.
    fn start(&self) -> Result<(), ExecutorError> {
        let mut started = self.started.write();
        if started.is_none() {
            if is_child() {
                return Err(ExecutorError::Start(
                    "a child process of a pool can't start a process pool".into(),
                ));
            }
            if registered_tasks().is_none() {
                return Err(ExecutorError::Start(
                    "punctual::process::init has not been called; it must be the first line of main"
                        .into(),
                ));
            }
            *started = Some(Pool::start(Arc::clone(&self.options))?);
        }
        Ok(())
    }

    /// Accepts the tasks given to [`init`](crate::init), or any if it has not been called, which fails the start.
    fn check_task(&self, task: &TaskName) -> Result<(), ExecutorError> {
        if registered_tasks().is_none_or(|tasks| tasks.contains(task)) {
            return Ok(());
        }
        Err(ExecutorError::Unsupported(
            "the task is not registered with punctual::process::init; a process pool can't run closures",
        ))
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        let started = self.started.read();
        let Some(pool) = &*started else {
            return Err(Refused::new(run, ExecutorError::NotRunning));
        };
        match self.check_task(run.task()) {
            Ok(()) => pool.push(run),
            Err(reason) => Err(Refused::new(run, reason)),
        }
    }

    fn load(&self) -> Option<ExecutorLoad> {
        self.started.read().as_ref().map(Pool::load)
    }

    /// Stops the idle children and waits for them. A run that is still in progress after `timeout` is cancelled, and
    /// its child is killed after the [grace period](crate::ProcessPoolExecutorBuilder::grace); `shutdown` does not wait for
    /// that.
    fn shutdown(&self, timeout: Duration) -> BoxFuture<'_, ()> {
        match self.started.write().take() {
            Some(pool) => Box::pin(pool.close(timeout)),
            None => Box::pin(ready(())),
        }
    }
}
