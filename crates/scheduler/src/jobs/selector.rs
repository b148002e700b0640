//! Selecting a job.

use punctual_core::{Alias, JobId, JobRef, NameError};

use crate::job::Job;

/// Selects a job: an id, in any store or in one.
#[derive(Clone, Debug)]
pub struct JobSelector {
    pub(super) id: Result<JobId, NameError>,
    pub(super) job_store: Option<Result<Alias, NameError>>,
}

impl From<&str> for JobSelector {
    fn from(id: &str) -> Self {
        Self { id: JobId::new(id), job_store: None }
    }
}

impl From<&String> for JobSelector {
    fn from(id: &String) -> Self {
        id.as_str().into()
    }
}

impl From<&JobId> for JobSelector {
    fn from(id: &JobId) -> Self {
        Self { id: Ok(id.clone()), job_store: None }
    }
}

impl From<JobId> for JobSelector {
    fn from(id: JobId) -> Self {
        Self { id: Ok(id), job_store: None }
    }
}

impl From<(&str, &str)> for JobSelector {
    /// The alias of the store, and the id in it.
    fn from((job_store, id): (&str, &str)) -> Self {
        Self { id: JobId::new(id), job_store: Some(Alias::new(job_store)) }
    }
}

impl From<&Job> for JobSelector {
    fn from(job: &Job) -> Self {
        Self { id: Ok(job.id.clone()), job_store: Some(Ok(job.job_store.clone())) }
    }
}

impl From<&JobRef> for JobSelector {
    fn from(job: &JobRef) -> Self {
        Self { id: Ok(job.job_id.clone()), job_store: Some(Ok(job.job_store.clone())) }
    }
}
