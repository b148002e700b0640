//! The executor itself.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use punctual_core::{BoxFuture, Executor, ExecutorError, Refused, Run};

use crate::inside::{is_child, known};
use crate::options::Options;
use crate::pool::Pool;

/// Runs jobs in child processes, one at a time in each, first come, first served: for tasks that compute,
/// and for tasks that may crash.
///
/// The children are this program, started again: **[`init`](crate::init) must be the first line of its
/// `main`**. They live long: a child takes one run after another, of the tasks that `init` was given.
/// Closures can't be run; nor is there any state of the scheduler's in a child (`JobContext::state` is empty).
///
/// A child that crashes is replaced. Its run ends with [`RunOutcome::Killed`](punctual_core::RunOutcome),
/// and no other run is touched. Children end with this process, however it ends, along with what their
/// jobs have started, as long as that stays in the child's process group.
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
    pub(crate) fn of(options: Options) -> Self {
        Self { options: Arc::new(options), started: RwLock::new(None) }
    }
}

impl Executor for ProcessPoolExecutor {
    /// Starts the pool; with [`eager`](crate::ProcessPoolBuilder::eager) it waits for the children to be ready.
    fn start(&self) -> Result<(), ExecutorError> {
        let mut started = self.started.write();
        if started.is_none() {
            if is_child() {
                return Err(ExecutorError::Start(
                    "this is a child process of a pool: it can't have a pool of its own".into(),
                ));
            }
            if known().is_none() {
                return Err(ExecutorError::Start(
                    "punctual::process::init has not been called; it must be the first line of main"
                        .into(),
                ));
            }
            *started = Some(Pool::start(Arc::clone(&self.options))?);
        }
        Ok(())
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        let started = self.started.read();
        let Some(pool) = &*started else {
            return Err(Refused::new(run, ExecutorError::NotRunning));
        };
        if !known().is_some_and(|tasks| tasks.contains(run.task())) {
            let reason =
                "it is not in the Tasks given to punctual::process::init (closures can't be)";
            return Err(Refused::new(run, ExecutorError::Unsupported(reason)));
        }
        pool.push(run)
    }

    /// Idle children have ended by the time that it is over; one that is busy for longer than `timeout` is
    /// killed after its [`grace`](crate::ProcessPoolBuilder::grace), which is not waited for.
    fn shutdown(&self, timeout: Duration) -> BoxFuture<'_, ()> {
        match self.started.write().take() {
            Some(pool) => Box::pin(pool.close(timeout)),
            None => Box::pin(ready(())),
        }
    }
}
