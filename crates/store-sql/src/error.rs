//! Conversion of sqlx errors.

use std::error::Error;
use std::fmt;

use punctual_core::StoreErrorKind;

pub(crate) use punctual_store_kit::invalid;

/// An sqlx error as the source of a `StoreError`. The message of sqlx includes that of its source. This type therefore
/// returns no source: an error chain would otherwise contain that message twice, and details that sqlx omits.
pub(crate) struct Cause(pub(crate) sqlx::Error);

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for Cause {}

/// The kind and the message of an error that was not returned by the database, or `None` for other errors.
pub(crate) fn client_failure(error: &sqlx::Error) -> Option<(StoreErrorKind, &'static str)> {
    use StoreErrorKind::{Corrupt, Invalid, Unavailable};
    Some(match error {
        sqlx::Error::PoolTimedOut => (Unavailable, "timeout while waiting for a connection"),
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            (Unavailable, "the connection to the database was closed")
        }
        sqlx::Error::Io(_) => (Unavailable, "the database can't be reached"),
        // These occur if a connection is lost during the handshake or between the packets of a response.
        sqlx::Error::Protocol(_) | sqlx::Error::BeginFailed => {
            (Unavailable, "the connection to the database was lost during a request")
        }
        sqlx::Error::Configuration(_) | sqlx::Error::InvalidArgument(_) => {
            (Invalid, "the configuration of the database connection is invalid")
        }
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::TypeNotFound { .. } => (Corrupt, "the database returned an invalid value"),
        _ => return None,
    })
}
