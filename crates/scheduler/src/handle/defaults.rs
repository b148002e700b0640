//! The job store and the executor that are added under the alias `default` if none is configured. They depend on the
//! enabled features.

use std::sync::Arc;

use punctual_core::{DynJobStore, Executor};

#[cfg(feature = "store-memory")]
pub(crate) fn job_store() -> Option<Arc<dyn DynJobStore>> {
    Some(Arc::new(punctual_store_memory::MemoryJobStore::new()))
}

#[cfg(not(feature = "store-memory"))]
pub(crate) fn job_store() -> Option<Arc<dyn DynJobStore>> {
    None
}

#[cfg(feature = "executor-tokio")]
pub(crate) fn executor() -> Option<Arc<dyn Executor>> {
    Some(Arc::new(punctual_executor_tokio::TokioExecutor::new()))
}

#[cfg(all(feature = "executor-threads", not(feature = "executor-tokio")))]
pub(crate) fn executor() -> Option<Arc<dyn Executor>> {
    Some(Arc::new(punctual_executor_threads::ThreadPoolExecutor::new(10)))
}

#[cfg(not(any(feature = "executor-tokio", feature = "executor-threads")))]
pub(crate) fn executor() -> Option<Arc<dyn Executor>> {
    None
}
