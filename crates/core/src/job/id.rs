//! Job ids and references.

use crate::alias::Alias;
use crate::error::name_type;

name_type! {
    /// Identifies a job within its store: 1 to 191 characters, chosen by the user or random.
    ///
    /// ```
    /// use punctual_core::JobId;
    ///
    /// assert_eq!(JobId::new("nightly-report").unwrap().as_str(), "nightly-report");
    /// assert!(JobId::new("").is_err());
    /// assert_eq!(JobId::random().as_str().len(), 32);
    /// ```
    JobId, "job id"
}

impl JobId {
    /// Returns a new random id of 32 hexadecimal digits.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string().into())
    }
}

/// A reference to a job in a store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct JobRef {
    /// The alias of its store.
    pub job_store: Alias,
    /// The job's id.
    pub job_id: JobId,
}

impl JobRef {
    /// Creates a reference to the job with this id in this store.
    #[must_use]
    pub fn new(job_store: Alias, job_id: JobId) -> Self {
        Self { job_store, job_id }
    }
}
