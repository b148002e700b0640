//! What a failure of sqlx means to a scheduler.

use punctual_core::{NameError, StoreError, StoreErrorKind};

/// What the user asked for can't be.
pub(crate) fn invalid(message: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Invalid, message)
}

/// A stored value that no store of ours has written.
pub(crate) fn corrupt(error: NameError) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, "the database holds an invalid name")
        .with_source(error)
}

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
