//! An executor with one selectable violation of the contract.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use punctual_core::{BoxFuture, Executor, ExecutorError, Refused, Run, RunQueue, Worker};
use punctual_testkit::executor::{ExecutorCaps, ExecutorFixture};

/// A violation of the contract.
pub(crate) type Fault = u8;

pub(crate) const NONE: Fault = 0;
pub(crate) const ALWAYS_ACCEPTS: Fault = 1;
pub(crate) const NEVER_WAITS: Fault = 2;
pub(crate) const IGNORES_LIMITS: Fault = 3;
pub(crate) const NEVER_RESTARTS: Fault = 4;

pub(crate) struct Broken<const FAULT: Fault>;

impl<const FAULT: Fault> ExecutorFixture for Broken<FAULT> {
    type Executor = BrokenExecutor<FAULT>;

    const CAPS: ExecutorCaps = ExecutorCaps::THREADS;

    fn set_up() -> Self {
        Self
    }

    fn open(&self, limit: Option<usize>) -> BrokenExecutor<FAULT> {
        let limit = limit.unwrap_or(usize::MAX);
        BrokenExecutor { limit, queue: Mutex::default(), busy: AtomicBool::new(false) }
    }
}

/// Runs each worker on a new thread.
pub(crate) struct BrokenExecutor<const FAULT: Fault> {
    limit: usize,
    queue: Mutex<Option<Arc<RunQueue>>>,
    /// A run has been submitted. With `IGNORES_LIMITS`, further runs execute inside `submit` then.
    busy: AtomicBool,
}

impl<const FAULT: Fault> Executor for BrokenExecutor<FAULT> {
    fn start(&self) -> Result<(), ExecutorError> {
        let mut queue = self.queue.lock().unwrap();
        if FAULT != NEVER_RESTARTS || queue.is_none() {
            *queue = Some(RunQueue::new(self.limit));
        }
        Ok(())
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        if FAULT == IGNORES_LIMITS && self.busy.swap(true, Ordering::SeqCst) {
            run.execute(pollster::block_on);
            return Ok(());
        }
        let queue = self.queue.lock().unwrap().clone();
        let pushed = match queue {
            Some(queue) => queue.push(run),
            None => Err(Refused::new(run, ExecutorError::NotRunning)),
        };
        match pushed {
            Ok(None) => Ok(()),
            Ok(Some(worker)) => {
                thread::spawn(|| work(worker));
                Ok(())
            }
            Err(Refused { run, .. }) if FAULT == ALWAYS_ACCEPTS => {
                run.execute(pollster::block_on);
                Ok(())
            }
            Err(refused) => Err(refused),
        }
    }

    fn shutdown(&self, timeout: Duration) -> BoxFuture<'_, ()> {
        if FAULT == NEVER_WAITS {
            return Box::pin(std::future::ready(()));
        }
        match &*self.queue.lock().unwrap() {
            Some(queue) => Box::pin(queue.close(timeout)),
            None => Box::pin(std::future::ready(())),
        }
    }
}

fn work(mut worker: Worker) {
    while let Some((run, another)) = worker.next() {
        if let Some(another) = another {
            thread::spawn(|| work(another));
        }
        run.execute(pollster::block_on);
    }
}

impl<const FAULT: Fault> Drop for BrokenExecutor<FAULT> {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.get_mut().unwrap() {
            queue.abandon();
        }
    }
}
