//! Conversion of sqlx errors.

use punctual_core::StoreErrorKind;

pub(crate) use punctual_store_kit::{Cause, invalid};

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
