//! What SQLite's result codes mean to a scheduler.

use punctual_core::{StoreError, StoreErrorKind};

use crate::error::{Cause, client_failure};

/// Neither path nor SQL gets into the message: SQLite's own text names tables and columns at most.
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    let (kind, message) = client_failure(&error).unwrap_or_else(|| match &error {
        sqlx::Error::Database(database) => {
            meaning(database.code().and_then(|code| code.parse().ok()).unwrap_or(0))
        }
        _ => (StoreErrorKind::Other, "SQLite failed"),
    });
    StoreError::new(kind, message).with_source(Cause(error))
}

/// What the path names is not the file that is open; and whether that one can be opened now.
pub(super) fn replaced(reopens: bool) -> StoreError {
    let message = match reopens {
        true => "the database file was removed or replaced; what is there now is opened next",
        false => {
            "the database file was removed or replaced, and is open in a pool that the store was given \
             and can't open anew"
        }
    };
    StoreError::new(StoreErrorKind::Replaced, message)
}

/// The new file is not opened while the old one's log is beside it.
pub(super) fn log_stays(error: std::io::Error) -> StoreError {
    let message = "the log that a replaced database has left can't be removed";
    StoreError::new(StoreErrorKind::Unavailable, message).with_source(error)
}

/// See <https://www.sqlite.org/rescode.html>; the lower 8 bits are the primary code.
fn meaning(code: i32) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Corrupt, Invalid, Other, Unavailable};
    match code & 0xFF {
        // Of a statement, and ours have no mistakes in themselves.
        1 => (Corrupt, "the job tables are not there, or not as this build knows them"),
        3 | 8 | 23 => (Invalid, "the database may not be written to"),
        5 | 6 => (Unavailable, "the database is locked by others for too long"),
        7 => (Unavailable, "there is not enough memory"),
        9 => (Unavailable, "the database was interrupted"),
        10 => (Unavailable, "the database file can't be read or written"),
        11 | 26 => (Corrupt, "the file is damaged or no database"),
        13 => (Unavailable, "the disk is full"),
        14 => (Unavailable, "the database file can't be opened"),
        15 => (Unavailable, "the database's locks are too busy"),
        18 => (Invalid, "a value is too large for the database"),
        19 | 20 => (Corrupt, "the job tables hold what they must not"),
        _ => (Other, "SQLite failed"),
    }
}

/// Whether it is a lock that another connection holds.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
    code.is_some_and(|code| code & 0xFF == 5)
}
