//! Calls from blocking code into the engine's runtime.

use std::future::Future;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};

use tokio::runtime::{Handle, RuntimeFlavor};

use crate::error::SchedulerError;
use crate::lifecycle::Engine;

/// Runs an operation of the engine to completion, from any thread.
pub(super) fn block_on_engine<T, F>(
    engine: &Arc<Engine>,
    work: impl FnOnce(Arc<Engine>) -> F,
) -> Result<T, SchedulerError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, SchedulerError>> + Send + 'static,
{
    block_on(engine.shared.runtime(), work(Arc::clone(engine)))
}

/// Runs `work` to completion on `runtime`. Without a runtime, `work` is polled by the calling thread: a stopped
/// scheduler only accesses memory.
///
/// `work` is first polled by the calling thread, in the context of the runtime: a call to a store in memory completes
/// there, without a change of threads. If it has to wait, it is moved to the runtime.
///
/// A call from the runtime's own thread would deadlock if it blocked. On a current-thread runtime `work` is polled by
/// the calling thread; on a multi-thread runtime `block_in_place` is used, so that other tasks continue.
///
/// Returns `NotRunning` if the runtime shuts down before `work` is complete.
pub(crate) fn block_on<T, F>(runtime: Option<Handle>, work: F) -> Result<T, SchedulerError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, SchedulerError>> + Send + 'static,
{
    let Some(runtime) = runtime else {
        return pollster::block_on(work);
    };
    let inside = Handle::try_current().is_ok_and(|current| current.id() == runtime.id());
    if inside && runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
        return pollster::block_on(work);
    }
    let mut work = Box::pin(work);
    {
        let _context = runtime.enter();
        // The task below polls the future again, so no wake-up is lost.
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(result) = work.as_mut().poll(&mut context) {
            return result;
        }
    }
    let (result_tx, result_rx) = mpsc::sync_channel(1);
    let task = runtime.spawn(async move {
        // The caller waits for it below.
        let _ = result_tx.send(work.await);
    });
    let wait = || result_rx.recv();
    let result = if inside { tokio::task::block_in_place(wait) } else { wait() };
    match result {
        Ok(result) => result,
        // The task was dropped without a result. If it panicked, the panic is resumed in the caller.
        Err(_) => match pollster::block_on(task) {
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            _ => Err(SchedulerError::NotRunning),
        },
    }
}

/// Polls `work` on the calling thread until it is ready. If the thread belongs to a multi-thread runtime, the other tasks of
/// the runtime continue.
pub(super) fn block_here<T>(work: impl Future<Output = T>) -> T {
    let on_workers = |current: Handle| current.runtime_flavor() == RuntimeFlavor::MultiThread;
    if Handle::try_current().is_ok_and(on_workers) {
        return tokio::task::block_in_place(|| pollster::block_on(work));
    }
    pollster::block_on(work)
}
