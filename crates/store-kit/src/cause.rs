//! Errors of client libraries as sources.

use std::error::Error;
use std::fmt;

/// An error of a client library as the source of a `StoreError`, if its message includes that of its own source. This type
/// therefore returns no source: an error chain would otherwise contain that message twice, and details that the client
/// omits.
///
/// ```
/// use std::error::Error;
/// use punctual_store_kit::Cause;
///
/// let cause = Cause("x".parse::<u8>().unwrap_err());
/// assert_eq!(cause.to_string(), "invalid digit found in string");
/// assert!(cause.source().is_none());
/// ```
pub struct Cause<E>(pub E);

impl<E: fmt::Debug> fmt::Debug for Cause<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<E: fmt::Display> fmt::Display for Cause<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<E: fmt::Debug + fmt::Display> Error for Cause<E> {}
