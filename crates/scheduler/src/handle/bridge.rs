//! From blocking code to the engine's runtime.

use std::future::Future;
use std::sync::mpsc;

use tokio::runtime::{Handle, RuntimeFlavor};

use crate::error::SchedulerError;

/// Runs `work` to its end on `runtime`, or, when there is none, on the spot: a scheduler that is
/// stopped only touches memory.
///
/// From within that runtime itself the work is polled on the spot too: its only thread would otherwise
/// wait for itself. On a runtime of several threads the others go on meanwhile.
///
/// A call that the end of the runtime cuts off, after a shutdown, found the scheduler not running.
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
    let (answer, answered) = mpsc::sync_channel(1);
    let task = runtime.spawn(async move {
        // The caller waits for it below.
        let _ = answer.send(work.await);
    });
    let wait = || answered.recv();
    let result = if inside { tokio::task::block_in_place(wait) } else { wait() };
    match result {
        Ok(result) => result,
        // The task is gone without an answer: if it panicked, so does its caller.
        Err(_) => match pollster::block_on(task) {
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            _ => Err(SchedulerError::NotRunning),
        },
    }
}
