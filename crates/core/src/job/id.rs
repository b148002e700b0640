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
    /// The beginning of the ids of retries.
    pub(super) const RETRY_PREFIX: &str = "retry:";

    /// The beginning of the ids of dead letters.
    pub(super) const DEAD_PREFIX: &str = "dead:";

    pub(super) fn derived(text: String) -> Self {
        Self(text.into())
    }

    /// Returns whether the id is that of a [retry](crate::RetryPolicy) or a dead letter. Other jobs can't have such an id.
    #[must_use]
    #[inline]
    pub fn is_of_retry(&self) -> bool {
        self.0.starts_with(Self::RETRY_PREFIX) || self.is_of_dead_letter()
    }

    /// Returns whether the id is that of a dead letter.
    #[must_use]
    #[inline]
    pub fn is_of_dead_letter(&self) -> bool {
        self.0.starts_with(Self::DEAD_PREFIX)
    }

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
