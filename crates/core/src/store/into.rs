//! Conversion into job stores.

use std::sync::Arc;

use super::{DynJobStore, JobStore};

/// Conversion into a job store: implemented for every [`JobStore`], and for `Arc<dyn DynJobStore>` and
/// `Box<dyn DynJobStore>`, for stores whose type is chosen at run time.
pub trait IntoJobStore {
    /// Returns the type-erased store.
    fn into_job_store(self) -> Arc<dyn DynJobStore>;
}

impl<S: JobStore> IntoJobStore for S {
    fn into_job_store(self) -> Arc<dyn DynJobStore> {
        Arc::new(self)
    }
}

impl IntoJobStore for Arc<dyn DynJobStore> {
    fn into_job_store(self) -> Self {
        self
    }
}

impl IntoJobStore for Box<dyn DynJobStore> {
    fn into_job_store(self) -> Arc<dyn DynJobStore> {
        self.into()
    }
}
