//! What drives the timers and the I/O of async jobs.

use std::sync::Arc;

use punctual_core::ExecutorError;
use scopeguard::{ScopeGuard, guard};
use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};

/// The runtime behind the pool's threads. They share it: a runtime of our own ends with the last of them,
/// so a job that outlives the executor's shutdown can still end well.
#[derive(Debug)]
pub(crate) enum Home {
    /// What jobs have spawned there and left behind is not waited for.
    Own(ScopeGuard<Runtime, fn(Runtime)>),
    Given(Handle),
}

impl Home {
    /// The runtime around, if it has threads of its own; else one of our own. A current-thread runtime
    /// is nobody's to rely on: it drives timers only while its owner polls it, and what jobs spawn there
    /// would hold up its owner, usually the scheduler.
    pub(crate) fn find() -> Result<Arc<Self>, ExecutorError> {
        let around = Handle::try_current()
            .ok()
            .filter(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
        let home = match around {
            Some(handle) => Self::Given(handle),
            None => {
                let runtime = Builder::new_multi_thread()
                    .worker_threads(1)
                    .thread_name("punctual-pool-io")
                    .enable_all()
                    .build()
                    .map_err(|error| ExecutorError::Start(Box::new(error)))?;
                Self::Own(guard(runtime, Runtime::shutdown_background))
            }
        };
        Ok(Arc::new(home))
    }

    pub(crate) fn block_on(&self, work: impl Future<Output = ()>) {
        match self {
            Self::Own(runtime) => runtime.block_on(work),
            Self::Given(handle) => handle.block_on(work),
        }
    }
}
