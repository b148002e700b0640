//! Which job is meant: its name within its store, and both.

use crate::alias::Alias;
use crate::error::name_type;

name_type! {
    /// Identifies a job within its store: 1 to 191 characters, chosen by a person or random.
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
    /// A new id of 32 hexadecimal digits, as jobs without an id of their own get.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string().into())
    }
}

/// A job in a store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JobRef {
    /// The job's id.
    pub job_id: JobId,
    /// The alias of its store.
    pub job_store: Alias,
}
