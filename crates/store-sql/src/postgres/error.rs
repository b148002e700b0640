//! What PostgreSQL's error codes mean to a scheduler.

use std::io;

use punctual_core::{StoreError, StoreErrorKind};
use sqlx::error::DatabaseError;

use crate::error::{Cause, client_failure};

/// The message of the server itself is kept as the source: it names users, tables and the like, but neither
/// passwords nor values.
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    let (kind, message) = match &error {
        // What rustls has against the server, its certificate mostly.
        sqlx::Error::Io(cause) if cause.kind() == io::ErrorKind::InvalidData => NO_TLS,
        _ => client_failure(&error).unwrap_or_else(|| meaning_of(&error)),
    };
    StoreError::new(kind, message).with_source(Cause(error))
}

const NO_TLS: (StoreErrorKind, &str) =
    (StoreErrorKind::Invalid, "no encrypted connection to PostgreSQL can be made");

fn meaning_of(error: &sqlx::Error) -> (StoreErrorKind, &'static str) {
    match error {
        sqlx::Error::Database(database) => meaning(&database.code().unwrap_or_default()),
        sqlx::Error::Tls(_) => NO_TLS,
        _ => (StoreErrorKind::Other, "PostgreSQL failed"),
    }
}

/// See <https://www.postgresql.org/docs/current/errcodes-appendix.html>; the first two characters are the
/// class.
fn meaning(code: &str) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Corrupt, Invalid, Other, Unavailable};
    match code {
        // A replica, which may be promoted.
        "25006" => (Unavailable, "the database may only be read at present"),
        // `ABANDONED`: this process was stopped in the middle of it.
        "25P03" => (Unavailable, "PostgreSQL has ended a transaction that said nothing"),
        "26000" | "42P05" => {
            (Other, "a pooler changes the server's connections: PgBouncer must be in session mode")
        }
        "28000" | "28P01" => (Invalid, "PostgreSQL does not let this user in"),
        "3D000" => (Invalid, "there is no such database"),
        "42501" => (Invalid, "the user may not do this in the database"),
        "3F000" | "42P01" | "42703" | "42883" => {
            (Corrupt, "the job tables are not there, or not as this build knows them")
        }
        "22021" => (Invalid, "PostgreSQL can't keep a text with a NUL character"),
        "22P05" => (Invalid, "the database's encoding lacks a character"),
        "40001" | "40P01" => (Unavailable, "others were in the way too often"),
        "53100" => (Unavailable, "the disk is full"),
        "53200" => (Unavailable, "there is not enough memory"),
        "53300" => (Unavailable, "PostgreSQL has too many connections"),
        "55P03" => (Unavailable, "a lock did not come free in time"),
        "57014" => (Unavailable, "PostgreSQL took too long or was asked to stop"),
        _ => match code.get(..2).unwrap_or_default() {
            "08" | "53" | "57" | "58" => (Unavailable, "PostgreSQL is not available"),
            "23" | "XX" => (Corrupt, "the job tables hold what they must not"),
            "54" => (Invalid, "a value is too large for the database"),
            _ => (Other, "PostgreSQL failed"),
        },
    }
}

/// Whether the transaction lost against another one.
pub(super) fn is_collision(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| matches!(&*code, "40001" | "40P01"))
}
