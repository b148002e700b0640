//! Why a store could not do what it was asked.

use std::error::Error;
use std::fmt;

/// A failure of a store, with its kind and its source.
///
/// Its text is the store's own, without the source's; [`error_chain`](crate::error_chain) shows both.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// There is no such job.
    NotFound,
    /// Somebody else changed it first, so it is not what the call was made for: the same call, with the same
    /// revision, can't succeed any more, and is not [retryable](StoreError::is_retryable). Who reads the job
    /// again and makes the change on top of what is there now can succeed; a scheduler does so by itself.
    Conflict,
    /// The backend can't be reached, or is too busy, or not started; it may come back.
    Unavailable,
    /// What the store had opened was removed, or something else was put in its place, such as a backup of an
    /// SQLite file. Nothing of the call was done. The next call works on what is there now, which may hold
    /// other jobs; [`JobStore::generation`](super::JobStore::generation) counts how often that happened.
    Replaced,
    /// What is stored makes no sense.
    Corrupt,
    /// The backend can't do this, or is of another version.
    Unsupported,
    /// The request or the configuration is not valid.
    Invalid,
    /// Anything else that the backend refused.
    Other,
}

impl StoreError {
    /// A failure with words of the store's own.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// The same, with what caused it. The message does not repeat it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The store has not been started, or has been shut down.
    #[must_use]
    pub fn not_started() -> Self {
        Self::new(StoreErrorKind::Unavailable, "the job store has not been started")
    }

    /// There is no job of that id.
    #[must_use]
    pub fn not_found(id: &crate::job::JobId) -> Self {
        Self::new(StoreErrorKind::NotFound, format!("no job by the id of {id:?} was found"))
    }

    /// Somebody else changed the job first.
    #[must_use]
    pub fn conflict(id: &crate::job::JobId) -> Self {
        Self::new(StoreErrorKind::Conflict, format!("job {id:?} has been changed in the meantime"))
    }

    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// Whether the same call, with the same arguments, may succeed later without anything being changed.
    ///
    /// A [`Conflict`](StoreErrorKind::Conflict) is not: the revision that the call expects is gone for good.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, StoreErrorKind::Unavailable | StoreErrorKind::Replaced)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
