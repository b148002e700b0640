//! The tokio runtime that drives timers and I/O of async jobs.

use std::sync::Arc;

use punctual_core::ExecutorError;
use scopeguard::{ScopeGuard, guard};
use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};

/// The tokio runtime used by the threads of the pool. They share it: a runtime created by the executor is shut down
/// when the last of them exits, so a run that is still in progress after the shutdown of the executor can finish.
#[derive(Debug)]
pub(crate) enum RuntimeHandle {
    /// Its shutdown doesn't wait for tasks that jobs have spawned.
    Owned(ScopeGuard<Runtime, fn(Runtime)>),
    External(Handle),
}

impl RuntimeHandle {
    /// Returns the current runtime if it is multi-threaded, else creates one. A current-thread runtime is unsuitable:
    /// it drives timers only while its owner polls it, and tasks spawned by jobs would block that owner, usually the
    /// scheduler.
    pub(crate) fn get_or_create() -> Result<Arc<Self>, ExecutorError> {
        let current = Handle::try_current()
            .ok()
            .filter(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
        let runtime = match current {
            Some(handle) => Self::External(handle),
            None => {
                let runtime = Builder::new_multi_thread()
                    .worker_threads(1)
                    .thread_name("punctual-pool-io")
                    .enable_all()
                    .build()
                    .map_err(|error| ExecutorError::Start(Box::new(error)))?;
                Self::Owned(guard(runtime, Runtime::shutdown_background))
            }
        };
        Ok(Arc::new(runtime))
    }

    pub(crate) fn block_on(&self, work: impl Future<Output = ()>) {
        match self {
            Self::Owned(runtime) => runtime.block_on(work),
            Self::External(handle) => handle.block_on(work),
        }
    }
}
