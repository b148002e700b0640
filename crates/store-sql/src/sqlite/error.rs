//! Conversion of SQLite's result codes.

use std::path::Path;

use punctual_core::{StoreError, StoreErrorKind};

use crate::error::{Cause, client_failure};

/// The message contains neither path nor SQL; SQLite's own message contains at most names of tables and columns.
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    let (kind, message) = client_failure(&error).unwrap_or_else(|| match &error {
        sqlx::Error::Database(database) => {
            classify(database.code().and_then(|code| code.parse().ok()).unwrap_or(0))
        }
        _ => (StoreErrorKind::Other, "SQLite failed"),
    });
    StoreError::new(kind, message).with_source(Cause(error))
}

/// The database could not be opened at this path.
pub(super) fn not_opened(path: &Path, error: StoreError) -> StoreError {
    StoreError::new(error.kind(), format!("the database file {path:?} can't be opened"))
        .with_source(error)
}

/// The path no longer refers to the open file; `reopens` is whether the store can reopen it.
pub(super) fn replaced(reopens: bool) -> StoreError {
    let message = match reopens {
        true => "the database file was removed or replaced; the next call opens the current file",
        false => {
            "the database file was removed or replaced; it is open in a pool provided by the user, which the \
             store can't reopen"
        }
    };
    StoreError::new(StoreErrorKind::Replaced, message)
}

/// The new file is not opened while the WAL of the old one exists.
pub(super) fn stale_wal_error(error: std::io::Error) -> StoreError {
    let message = "the write-ahead log of a replaced database can't be removed";
    StoreError::new(StoreErrorKind::Unavailable, message).with_source(error)
}

/// See <https://www.sqlite.org/rescode.html>; the lower 8 bits are the primary code.
fn classify(code: i32) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Corrupt, Invalid, Other, Unavailable};
    match code & 0xFF {
        // The code of SQL errors; the statements themselves are correct.
        1 => (Corrupt, "the job tables don't exist or have an unexpected structure"),
        3 | 8 | 23 => (Invalid, "the database is read-only or the user has no write permission"),
        5 | 6 => (Unavailable, "timeout while the database was locked by another connection"),
        7 => (Unavailable, "out of memory"),
        9 => (Unavailable, "the database was interrupted"),
        10 => (Unavailable, "the database file can't be read or written"),
        11 | 26 => (Corrupt, "the file is corrupt or not a database"),
        13 => (Unavailable, "the disk is full"),
        14 => (Unavailable, "the file or its directory does not exist or is not accessible"),
        15 => (Unavailable, "too much contention on the locks of the database"),
        18 => (Invalid, "a value is too large for the database"),
        19 | 20 => (Corrupt, "the job tables contain invalid data"),
        _ => (Other, "SQLite failed"),
    }
}

/// Whether another connection has the lock.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
    code.is_some_and(|code| code & 0xFF == 5)
}
