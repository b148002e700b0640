//! What a failure of sqlx means to a scheduler.

use std::error::Error;
use std::fmt;

use punctual_core::StoreErrorKind;

pub(crate) use punctual_store_kit::invalid;

/// A failure of sqlx as the source of a store's error. Its text is sqlx's, which has that of its own source in it:
/// it has no source itself, so that nothing is shown twice, and nothing that sqlx does not show.
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

/// The kind of a failure that did not come from the database itself, if it is one.
pub(crate) fn client_failure(error: &sqlx::Error) -> Option<(StoreErrorKind, &'static str)> {
    use StoreErrorKind::{Corrupt, Invalid, Unavailable};
    Some(match error {
        sqlx::Error::PoolTimedOut => (Unavailable, "no connection became free in time"),
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            (Unavailable, "the connection to the database is closed")
        }
        sqlx::Error::Io(_) => (Unavailable, "the database can't be reached"),
        // What a connection that breaks looks like if it does so at its beginning, or between the parts of an
        // answer.
        sqlx::Error::Protocol(_) | sqlx::Error::BeginFailed => {
            (Unavailable, "the conversation with the database broke off")
        }
        sqlx::Error::Configuration(_) | sqlx::Error::InvalidArgument(_) => {
            (Invalid, "the database was given a wrong configuration")
        }
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::TypeNotFound { .. } => (Corrupt, "the database holds an unreadable value"),
        _ => return None,
    })
}
