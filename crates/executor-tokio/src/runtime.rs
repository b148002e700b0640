//! The tokio runtime that executes the jobs.

use std::sync::Arc;

use punctual_core::ExecutorError;
use scopeguard::{ScopeGuard, guard};
use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};

/// The tokio runtime that executes the jobs. Workers share it: a runtime created by the executor is shut down when its
/// last worker is dropped, so a run that is still in progress after the shutdown of the executor can finish.
#[derive(Debug)]
pub(crate) enum RuntimeHandle {
    /// Usually dropped by a worker inside this runtime, where blocking until its shutdown is not allowed.
    Owned(ScopeGuard<Runtime, fn(Runtime)>),
    External(Handle),
}

impl RuntimeHandle {
    /// Returns the given runtime, else the current one if it is multi-threaded, else creates one.
    pub(crate) fn get_or_create(given: Option<&Handle>) -> Result<Arc<Self>, ExecutorError> {
        let current = || {
            Handle::try_current()
                .ok()
                .filter(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread)
        };
        let runtime = match given.cloned().or_else(current) {
            Some(handle) => Self::External(handle),
            None => {
                let runtime = Builder::new_multi_thread()
                    .thread_name("punctual-worker")
                    .enable_all()
                    .build()
                    .map_err(|error| ExecutorError::Start(Box::new(error)))?;
                Self::Owned(guard(runtime, Runtime::shutdown_background))
            }
        };
        Ok(Arc::new(runtime))
    }

    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        match self {
            Self::Owned(runtime) => drop(runtime.spawn(work)),
            Self::External(handle) => drop(handle.spawn(work)),
        }
    }
}
