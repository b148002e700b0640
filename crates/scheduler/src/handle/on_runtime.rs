//! Async calls from outside of a tokio runtime.

use std::future::Future;
use std::task::{Context, Poll, Waker};

use futures_util::future::Either;
use punctual_core::BoxFuture;
use tokio::runtime::Handle;

use crate::error::SchedulerError;
use crate::lifecycle::Engine;

type Outcome<T> = Result<T, SchedulerError>;

/// Returns `work` itself inside of a tokio runtime, which its stores need. Elsewhere, such as on smol, it is first polled in
/// the context of the engine's runtime: a call to a store in memory completes there. If it has to wait, it is moved to that
/// runtime, and completes even if the caller's future is dropped. A stopped scheduler has none, and only accesses memory.
///
/// The result is `NotRunning` if that runtime shuts down before `work` is complete.
pub(super) fn on_runtime<T, F>(
    engine: &Engine,
    work: F,
) -> Either<F, BoxFuture<'static, Outcome<T>>>
where
    T: Send + 'static,
    F: Future<Output = Outcome<T>> + Send + 'static,
{
    if is_on_runtime() {
        return Either::Left(work);
    }
    match engine.shared.runtime() {
        // Boxed, so that less code is generated for each method.
        Some(runtime) => Either::Right(Box::pin(spawned(runtime, Box::pin(work)))),
        None => Either::Left(work),
    }
}

/// Whether the caller runs on a tokio runtime.
pub(super) fn is_on_runtime() -> bool {
    Handle::try_current().is_ok()
}

async fn spawned<T: Send + 'static>(
    runtime: Handle,
    mut work: BoxFuture<'static, Outcome<T>>,
) -> Outcome<T> {
    let first = {
        let _context = runtime.enter();
        // The task below polls the future again, so no wake-up is lost.
        work.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    };
    if let Poll::Ready(result) = first {
        return result;
    }
    match runtime.spawn(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(SchedulerError::NotRunning),
    }
}
