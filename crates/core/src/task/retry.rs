//! Errors that decide about retries.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::TaskError;

/// An error of a task after which its run is not retried, whatever the retry policy of the job says: the run becomes a dead
/// letter at once. It displays like the error that it contains.
///
/// ```
/// use punctual_core::{PermanentError, TaskError};
///
/// fn charge(card: &str) -> Result<(), TaskError> {
///     if card.is_empty() {
///         return Err(PermanentError::new("there is no card").into());
///     }
///     Ok(())
/// }
/// assert_eq!(charge("").unwrap_err().to_string(), "there is no card");
/// ```
#[derive(Debug)]
pub struct PermanentError(TaskError);

impl PermanentError {
    /// Creates an error from another one, or from text.
    #[must_use]
    pub fn new(error: impl Into<TaskError>) -> Self {
        Self(error.into())
    }

    /// Returns the contained error.
    #[must_use]
    pub fn get(&self) -> &TaskError {
        &self.0
    }
}

impl fmt::Display for PermanentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for PermanentError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// An error of a task with the delay before its run is retried, such as that of an HTTP response. It replaces the delay of
/// the retry policy; the limits of the policy apply. It displays like the error that it contains.
///
/// ```
/// use std::time::Duration;
/// use punctual_core::{RetryAfter, TaskError};
///
/// let error: TaskError = RetryAfter::new(Duration::from_secs(30), "too many requests").into();
/// assert_eq!(error.to_string(), "too many requests");
/// ```
#[derive(Debug)]
pub struct RetryAfter {
    delay: Duration,
    error: TaskError,
}

impl RetryAfter {
    /// Creates an error from another one, or from text.
    #[must_use]
    pub fn new(delay: Duration, error: impl Into<TaskError>) -> Self {
        Self { delay, error: error.into() }
    }

    /// Returns the delay.
    #[must_use]
    pub fn delay(&self) -> Duration {
        self.delay
    }

    /// Returns the contained error.
    #[must_use]
    pub fn get(&self) -> &TaskError {
        &self.error
    }
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for RetryAfter {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

/// What an error of a task says about retries. An executor that transfers errors from other processes transfers it, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryHint {
    /// The error is a [`PermanentError`].
    Permanent,
    /// The error is a [`RetryAfter`] with this delay.
    After(Duration),
}

impl RetryHint {
    /// Returns the hint of an error, if it has one.
    #[must_use]
    pub fn of(error: &TaskError) -> Option<Self> {
        if error.is::<PermanentError>() {
            return Some(Self::Permanent);
        }
        error.downcast_ref::<RetryAfter>().map(|error| Self::After(error.delay))
    }

    /// Adds the hint to an error.
    #[must_use]
    pub fn add_to(self, error: TaskError) -> TaskError {
        match self {
            Self::Permanent => PermanentError::new(error).into(),
            Self::After(delay) => RetryAfter::new(delay, error).into(),
        }
    }
}
