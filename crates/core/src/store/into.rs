//! What a scheduler takes as a job store.

use std::sync::Arc;

use super::{DynJobStore, JobStore};

/// What a scheduler takes as a job store: any [`JobStore`], or one whose type was chosen at run time, as an
/// `Arc<dyn DynJobStore>` or a `Box<dyn DynJobStore>`.
pub trait IntoJobStore {
    /// The store.
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
