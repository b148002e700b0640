//! Executors for tests.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{
    BoxFuture, Executor, ExecutorError, ProcessTermination, Refused, Run, RunOutcome,
};
use tokio::sync::SetOnce;

/// Queues runs until the test starts them. A shutdown drops them.
#[derive(Clone, Default)]
pub(crate) struct ManualExecutor(Arc<Mutex<VecDeque<Run>>>, Arc<Mutex<Option<Run>>>);

impl ManualExecutor {
    /// Returns the number of queued runs.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().len()
    }

    /// Executes the oldest run.
    pub(crate) fn run_one(&self) {
        let run = self.0.lock().pop_front().expect("a run");
        run.execute(pollster::block_on);
    }

    /// Starts the oldest run.
    pub(crate) fn start_one(&self) {
        let run = self.0.lock().pop_front().and_then(Run::begin);
        *self.1.lock() = Some(run.expect("a run that may start"));
    }

    /// Whether cancellation of the started run is requested.
    pub(crate) fn is_started_cancelled(&self) -> bool {
        self.1.lock().as_ref().expect("a started run").context().is_cancelled()
    }

    /// Finishes the started run.
    pub(crate) fn finish_started(&self) {
        let run = self.1.lock().take().expect("a started run");
        run.finish(RunOutcome::Success(Default::default()));
    }

    /// Finishes the started run with this outcome.
    pub(crate) fn finish_started_with(&self, outcome: RunOutcome) {
        let run = self.1.lock().take().expect("a started run");
        run.finish(outcome);
    }

    /// Reports the started run as killed, as an executor with processes does.
    pub(crate) fn kill_started(&self, how: ProcessTermination) {
        let run = self.1.lock().take().expect("a started run");
        run.finish(RunOutcome::Killed(how));
    }

    /// Drops the oldest run, as an executor does whose worker has crashed.
    pub(crate) fn lose_one(&self) {
        drop(self.0.lock().pop_front().expect("a run"));
    }
}

impl Executor for ManualExecutor {
    fn start(&self) -> Result<(), ExecutorError> {
        Ok(())
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        self.0.lock().push_back(run);
        Ok(())
    }

    fn shutdown(&self, _: Duration) -> BoxFuture<'_, ()> {
        let runs = std::mem::take(&mut *self.0.lock());
        drop(runs);
        Box::pin(std::future::ready(()))
    }
}

/// Reports the started run as killed during a shutdown.
#[derive(Clone, Default)]
pub(crate) struct KillOnShutdownExecutor(pub(crate) ManualExecutor);

impl Executor for KillOnShutdownExecutor {
    fn start(&self) -> Result<(), ExecutorError> {
        self.0.start()
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        self.0.submit(run)
    }

    fn shutdown(&self, timeout: Duration) -> BoxFuture<'_, ()> {
        self.0.kill_started(ProcessTermination::Cancelled(timeout));
        self.0.shutdown(timeout)
    }
}

/// Blocks in a shutdown until the test releases it.
#[derive(Clone, Default)]
pub(crate) struct BlockingShutdownExecutor(pub(crate) ManualExecutor, pub(crate) Arc<SetOnce<()>>);

impl Executor for BlockingShutdownExecutor {
    fn start(&self) -> Result<(), ExecutorError> {
        self.0.start()
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        self.0.submit(run)
    }

    fn shutdown(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.1.wait().await;
        })
    }
}

/// Fails to start, or rejects runs, as long as the test requests it.
#[derive(Clone, Default)]
pub(crate) struct FailingExecutor {
    pub(crate) start: Arc<AtomicBool>,
    pub(crate) submit: Arc<AtomicBool>,
    pub(crate) inner: ManualExecutor,
}

impl Executor for FailingExecutor {
    fn start(&self) -> Result<(), ExecutorError> {
        if self.start.load(Ordering::SeqCst) {
            return Err(ExecutorError::Start("no threads left".into()));
        }
        self.inner.start()
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        if self.submit.load(Ordering::SeqCst) {
            return Err(Refused::new(run, ExecutorError::QueueFull));
        }
        self.inner.submit(run)
    }

    fn shutdown(&self, timeout: Duration) -> BoxFuture<'_, ()> {
        self.inner.shutdown(timeout)
    }
}
