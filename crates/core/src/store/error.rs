//! Why a store could not do what it was asked.

use std::error::Error;
use std::fmt;

/// A failure of a store, with its kind and its source.
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
    /// Somebody else changed it first.
    Conflict,
    /// The backend can't be reached, or is too busy, or not started; it may come back.
    Unavailable,
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

    /// The same, with what caused it.
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

    /// Whether the same call may succeed later without anything being changed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind == StoreErrorKind::Unavailable
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
