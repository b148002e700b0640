//! Conversion of PostgreSQL's error codes.

use std::io;

use punctual_core::{StoreError, StoreErrorKind};
use sqlx::error::DatabaseError;

use crate::error::{Cause, client_failure};

/// The error of the server is attached as the source: it may contain names of users and tables, but no passwords or
/// values.
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    let (kind, message) = match &error {
        // An error of rustls, usually an invalid certificate.
        sqlx::Error::Io(cause) if cause.kind() == io::ErrorKind::InvalidData => NO_TLS,
        _ => client_failure(&error).unwrap_or_else(|| classify(&error)),
    };
    StoreError::new(kind, message).with_source(Cause(error))
}

const NO_TLS: (StoreErrorKind, &str) =
    (StoreErrorKind::Invalid, "can't establish an encrypted connection to PostgreSQL");

fn classify(error: &sqlx::Error) -> (StoreErrorKind, &'static str) {
    match error {
        sqlx::Error::Database(database) => classify_code(&database.code().unwrap_or_default()),
        sqlx::Error::Tls(_) => NO_TLS,
        _ => (StoreErrorKind::Other, "PostgreSQL failed"),
    }
}

/// See <https://www.postgresql.org/docs/current/errcodes-appendix.html>; the first two characters are the
/// class.
fn classify_code(code: &str) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Corrupt, Invalid, Other, Unavailable};
    match code {
        // A replica, which may be promoted.
        "25006" => (Unavailable, "the database is currently read-only"),
        // `IDLE_IN_TRANSACTION_TIMEOUT`: this process was suspended during a transaction.
        "25P03" => (Unavailable, "PostgreSQL aborted an idle transaction"),
        "26000" | "42P05" => {
            (Other, "a pooler switches the server's connections: PgBouncer must be in session mode")
        }
        "28000" | "28P01" => (Invalid, "PostgreSQL rejected the user or the password"),
        "3D000" => (Invalid, "there is no such database"),
        "42501" => (Invalid, "the user lacks a privilege in the database"),
        "3F000" | "42P01" | "42703" | "42883" => {
            (Corrupt, "the job tables don't exist or have an unexpected structure")
        }
        "22021" => (Invalid, "PostgreSQL can't store text with a NUL character"),
        "22P05" => (Invalid, "a character is not supported by the database's encoding"),
        "40001" | "40P01" => (Unavailable, "too many conflicts with concurrent transactions"),
        "53100" => (Unavailable, "the disk is full"),
        "53200" => (Unavailable, "out of memory"),
        "53300" => (Unavailable, "PostgreSQL has too many connections"),
        "55P03" => (Unavailable, "timeout while waiting for a lock"),
        "57014" => (Unavailable, "PostgreSQL canceled the statement, usually because of a timeout"),
        _ => match code.get(..2).unwrap_or_default() {
            "08" | "53" | "57" | "58" => (Unavailable, "PostgreSQL is not available"),
            "23" | "XX" => (Corrupt, "the job tables contain invalid data"),
            "54" => (Invalid, "a value is too large for the database"),
            _ => (Other, "PostgreSQL failed"),
        },
    }
}

/// Whether the transaction was rolled back because of a conflict with another one.
pub(super) fn is_write_conflict(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| matches!(&*code, "40001" | "40P01"))
}

/// Whether a row with the same key exists.
pub(super) fn is_unique_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(DatabaseError::is_unique_violation)
}

/// Whether the server doesn't support the statement, or not for this table: it copies nothing to a table with row-level
/// security.
pub(super) fn is_unsupported(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| code == "0A000")
}
