//! Conversion of MongoDB's errors, by their codes.

use mongodb::error::{Error, ErrorKind};
use punctual_core::{StoreError, StoreErrorKind};
use punctual_store_kit::Cause;

/// The code of a document whose `_id` exists.
pub(crate) const DUPLICATE_KEY: i32 = 11000;

/// The code of DocumentDB, and of FerretDB with it, for an error of PostgreSQL: its five characters, six bits each.
const fn sqlstate(state: [u8; 5]) -> i32 {
    let (mut code, mut index) = (0, 5);
    while index > 0 {
        index -= 1;
        code = code << 6 | (state[index] - b'0') as i32;
    }
    code
}

/// Codes after which a command may be repeated at once: nothing of it, or only some of its statements were executed. Those
/// of PostgreSQL are deadlocks, serialization failures and locks that are not available.
const CONFLICTS: &[i32] =
    &[112, 24, 46, sqlstate(*b"40P01"), sqlstate(*b"40001"), sqlstate(*b"55P03")];

/// Codes of a full disk.
const DISK_FULL: &[i32] = &[14_031, sqlstate(*b"53100")];

/// Codes of PostgreSQL for its being short of resources, overloaded, shutting down, or away.
const POSTGRESQL_UNAVAILABLE: &[i32] = &[
    sqlstate(*b"53000"),
    sqlstate(*b"53200"),
    sqlstate(*b"53300"),
    sqlstate(*b"57014"),
    sqlstate(*b"57P01"),
    sqlstate(*b"57P02"),
    sqlstate(*b"57P03"),
    sqlstate(*b"58030"),
    sqlstate(*b"08006"),
    sqlstate(*b"08003"),
    sqlstate(*b"08001"),
];

/// What the server reports in the response to a command, or for one of its statements.
#[derive(Clone, Debug)]
pub(crate) struct ServerError {
    pub(crate) code: i32,
    pub(crate) message: String,
}

impl std::fmt::Display for ServerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (code {})", self.message, self.code)
    }
}

impl std::error::Error for ServerError {}

impl ServerError {
    /// Whether the command conflicted with another one.
    pub(crate) fn is_conflict(&self) -> bool {
        CONFLICTS.contains(&self.code)
    }
}

impl From<ServerError> for StoreError {
    fn from(error: ServerError) -> Self {
        let (kind, message) = classify_code(error.code);
        StoreError::new(kind, message).with_source(error)
    }
}

/// Whether a command conflicted with another one. Servers may report this with the code of any internal error.
pub(crate) fn is_conflict(error: &Error) -> bool {
    code(error).is_some_and(|code| code == 1 || CONFLICTS.contains(&code))
}

/// The code that the server has returned, if it has returned one.
pub(crate) fn code(error: &Error) -> Option<i32> {
    use std::error::Error as _;
    match &*error.kind {
        ErrorKind::Command(command) => Some(command.code),
        _ => code(error.source()?.downcast_ref()?),
    }
}

/// The client's error is attached as the source, without the response of the server, which may contain values.
pub(crate) fn store_error(error: Error) -> StoreError {
    let (kind, message) = classify(&error);
    StoreError::new(kind, message).with_source(Cause(error.kind))
}

/// The error of a call that the server has not answered in time.
pub(crate) fn timed_out() -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, "MongoDB did not respond in time")
}

/// The error of a server that is too old or lacks a feature.
pub(crate) fn unsupported(message: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Unsupported, message)
}

/// The error of a response with another structure than documented.
pub(crate) fn unexpected() -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, "MongoDB returned an unexpected value")
}

fn classify(error: &Error) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Corrupt, Invalid, Unavailable, Unsupported};
    if let Some(code) = code(error) {
        return classify_code(code);
    }
    match &*error.kind {
        ErrorKind::Authentication { .. } => (Invalid, "MongoDB rejected the user or the password"),
        ErrorKind::InvalidArgument { .. } | ErrorKind::InvalidTlsConfig { .. } => {
            (Invalid, "the configuration of the connection is invalid")
        }
        ErrorKind::IncompatibleServer { .. } | ErrorKind::SessionsNotSupported => {
            (Unsupported, "the version of MongoDB is not supported")
        }
        ErrorKind::Bson(_) | ErrorKind::InvalidResponse { .. } => {
            (Corrupt, "MongoDB returned an unexpected value")
        }
        ErrorKind::ServerSelection { .. } => (Unavailable, "no MongoDB server can be reached"),
        _ => (Unavailable, "the connection to MongoDB failed"),
    }
}

/// The meaning of a code. Servers that are compatible with MongoDB use its codes, and also 1 for failures of their own
/// database.
fn classify_code(code: i32) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Invalid, Other, Unavailable, Unsupported};
    match code {
        11 | 18 | 8000 => (Invalid, "MongoDB rejected the user or the password"),
        13 => (Invalid, "the user of MongoDB may not execute a command"),
        73 => (Invalid, "MongoDB rejected the name of the database or of a collection"),
        10_334 | 17_419 => (Invalid, "a job is too large for MongoDB"),
        59 | 115 | 238 | 40_573 => (Unsupported, "MongoDB does not support a command"),
        50 | 202 | 262 => (Unavailable, "MongoDB did not respond in time"),
        64 => (Unavailable, "a majority of the replica set did not respond in time"),
        // Of a replica set that has no primary, or another one, or whose server is shutting down or recovering.
        91 | 100 | 133 | 134 | 189 | 10_058 | 10_107 | 11_600 | 11_602 | 13_435 | 13_436 => {
            (Unavailable, "the server of MongoDB is not the primary")
        }
        _ if DISK_FULL.contains(&code) => (Unavailable, "the disk of MongoDB is full"),
        _ if POSTGRESQL_UNAVAILABLE.contains(&code) => {
            (Unavailable, "the database behind the server is not available")
        }
        _ if CONFLICTS.contains(&code) => (Unavailable, "MongoDB reported a write conflict"),
        // Network errors between servers, stale routing tables, an interrupted command, a limit of the rate.
        1 | 6 | 7 | 63 | 70 | 71 | 89 | 136 | 150 | 175 | 234 | 237 | 317 | 358 | 9_001
        | 11_601 | 13_388 | 16_500 => (Unavailable, "MongoDB could not execute a command"),
        _ => (Other, "MongoDB returned an error"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_server_are_classified_by_their_codes() {
        for (code, kind, is_retryable) in [
            (18, StoreErrorKind::Invalid, false),
            (13, StoreErrorKind::Invalid, false),
            (10_107, StoreErrorKind::Unavailable, true),
            (112, StoreErrorKind::Unavailable, true),
            (16_908_292, StoreErrorKind::Unavailable, true),
            (4_293, StoreErrorKind::Unavailable, true),
            (1, StoreErrorKind::Unavailable, true),
            (59, StoreErrorKind::Unsupported, false),
            (9, StoreErrorKind::Other, false),
        ] {
            let error = StoreError::from(ServerError { code, message: "why".into() });
            assert_eq!((error.kind(), error.is_retryable()), (kind, is_retryable), "{code}");
            assert!(
                punctual_core::error_chain(&error).to_string().contains("why (code"),
                "{error}"
            );
        }
    }
}
