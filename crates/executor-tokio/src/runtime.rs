//! Where the jobs live.

use std::sync::Arc;

use punctual_core::ExecutorError;
use scopeguard::{ScopeGuard, guard};
use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};

/// The runtime that runs the jobs. Workers share it: a runtime of our own ends with its last worker, so a
/// job that outlives the executor's shutdown can still end well.
#[derive(Debug)]
pub(crate) enum Home {
    /// Usually dropped by a worker, within the very runtime, which may not be waited for there.
    Own(ScopeGuard<Runtime, fn(Runtime)>),
    Given(Handle),
}

impl Home {
    /// The given runtime; else the one around, if it has threads to spare; else one of our own.
    pub(crate) fn find(given: Option<&Handle>) -> Result<Arc<Self>, ExecutorError> {
        let around = || {
            Handle::try_current()
                .ok()
                .filter(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread)
        };
        let home = match given.cloned().or_else(around) {
            Some(handle) => Self::Given(handle),
            None => {
                let runtime = Builder::new_multi_thread()
                    .thread_name("punctual-worker")
                    .enable_all()
                    .build()
                    .map_err(|error| ExecutorError::Start(Box::new(error)))?;
                Self::Own(guard(runtime, Runtime::shutdown_background))
            }
        };
        Ok(Arc::new(home))
    }

    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        match self {
            Self::Own(runtime) => drop(runtime.spawn(work)),
            Self::Given(handle) => drop(handle.spawn(work)),
        }
    }
}
