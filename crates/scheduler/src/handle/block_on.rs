//! Calls from blocking code into the engine's runtime.

use std::future::Future;
use std::sync::mpsc;

use tokio::runtime::{Handle, RuntimeFlavor};

use crate::error::SchedulerError;

/// Runs `work` to completion on `runtime`. Without a runtime, `work` is polled by the calling thread: a stopped
/// scheduler only accesses memory.
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
