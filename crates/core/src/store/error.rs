//! Errors of stores.

use std::error::Error;
use std::fmt;

/// An error of a store, with its kind and its source.
///
/// Its text does not repeat the source; [`error_chain`](crate::error_chain) displays both.
pub struct StoreError {
    kind: StoreErrorKind,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kind of a [`StoreError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The job does not exist.
    NotFound,
    /// The job was modified concurrently: its revision is not the expected one. The same call can't succeed any more
    /// and is not [retryable](StoreError::is_retryable). The caller can read the job again and reapply the change;
    /// schedulers do so automatically.
    Conflict,
    /// The backend is unreachable, too busy or not started. The error may be temporary.
    Unavailable,
    /// The storage that the store had opened was removed or replaced, for example an SQLite file by a backup of it.
    /// The call had no effect. The next call uses the current storage, which may contain other jobs;
    /// [`JobStore::generation`](super::JobStore::generation) counts these events.
    Replaced,
    /// Stored data can't be decoded or is invalid.
    Corrupt,
    /// The operation, or the version of the backend, is not supported.
    Unsupported,
    /// The request or the configuration is invalid.
    Invalid,
    /// Any other error of the backend.
    Other,
}

impl StoreError {
    /// Creates an error with a message.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// Sets the source of the error. The message does not repeat it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Creates an error: the store has not been started, or has been shut down.
    #[must_use]
    pub fn not_started() -> Self {
        Self::new(StoreErrorKind::Unavailable, "the job store has not been started")
    }

    /// Creates an error: no job has the given id.
    #[must_use]
    pub fn not_found(id: &crate::job::JobId) -> Self {
        Self::new(StoreErrorKind::NotFound, format!("no job by the id of {id:?} was found"))
    }

    /// Creates an error: the job was modified concurrently.
    #[must_use]
    pub fn conflict(id: &crate::job::JobId) -> Self {
        Self::new(StoreErrorKind::Conflict, format!("job {id:?} has been changed in the meantime"))
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// Returns whether the same call may succeed later without any change.
    ///
    /// A [`Conflict`](StoreErrorKind::Conflict) is not retryable: the expected revision has been superseded
    /// permanently.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, StoreErrorKind::Unavailable | StoreErrorKind::Replaced)
    }
}

crate::error_debug!(StoreError);

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
