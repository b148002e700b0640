//! Errors of the client, and their conversion.

use std::fmt;

use punctual_core::{StoreError, StoreErrorKind};

/// The codes by which the server classifies the errors of queries.
const RESOURCE_LIMIT: u32 = 2_000_000;
const OP_FAILED: u32 = 4_100_000;
const OP_INDETERMINATE: u32 = 4_200_000;
const PERMISSION: u32 = 6_000_000;

/// What a server, or the connection to it, has reported. Texts contain no address and no password.
#[derive(Clone, Debug)]
pub(crate) enum RequestError {
    /// The connection could not be opened, or was lost.
    Unreachable(String),
    /// There was no response in time.
    TimedOut,
    /// The response is not one that the protocol defines, or is too large.
    Garbage(&'static str),
    /// The server has rejected the login, or the client's version of the protocol.
    Rejected { code: u32, message: String },
    /// The server has not executed a query, or has executed a part of it.
    Query { code: Option<u32>, message: String },
}

impl RequestError {
    /// An error that a write reports for one of several documents, without a code.
    pub(crate) fn of_document(message: &str) -> Self {
        // Of a table without a primary, for example, or without a majority of its replicas.
        let is_failed = ["replica", "not available", "lost contact", "interrupted"]
            .iter()
            .any(|part| message.contains(part));
        Self::Query { code: is_failed.then_some(OP_FAILED), message: message.into() }
    }

    /// Whether the connection can't be used for further queries.
    pub(crate) fn must_reconnect(&self) -> bool {
        !matches!(self, Self::Query { .. })
    }

    /// Whether another server may be able to execute the query.
    pub(crate) fn is_of_server(&self) -> bool {
        !matches!(self, Self::Query { .. } | Self::Rejected { .. })
    }

    /// Whether something could not be created because it exists.
    pub(crate) fn is_already_there(&self) -> bool {
        matches!(self, Self::Query { message, .. } if message.contains("already exists"))
    }

    /// Whether the server could not execute a query: a table does not exist, has no primary, or two have its name.
    pub(crate) fn is_operation_failed(&self) -> bool {
        matches!(self, Self::Query { code: Some(OP_FAILED), .. })
    }

    pub(crate) fn is_permission(&self) -> bool {
        matches!(self, Self::Query { code: Some(PERMISSION), .. })
    }

    fn classify(&self) -> (StoreErrorKind, &'static str) {
        use StoreErrorKind::{Invalid, Other, Unavailable, Unsupported};
        match self {
            Self::Unreachable(_) => (Unavailable, "RethinkDB can't be reached"),
            Self::TimedOut => (Unavailable, "RethinkDB did not respond in time"),
            Self::Garbage(_) => (Unavailable, "a server has sent an invalid response"),
            // Codes from 10 on are those of the login.
            Self::Rejected { code: 10.., .. } => {
                (Invalid, "RethinkDB rejected the user or the password")
            }
            Self::Rejected { .. } => (Unsupported, "RethinkDB does not support the protocol"),
            Self::Query { code: Some(PERMISSION), .. } => {
                (Invalid, "the user of RethinkDB lacks a permission")
            }
            Self::Query { code: Some(OP_FAILED), .. } => {
                (Unavailable, "RethinkDB could not execute a query")
            }
            Self::Query { code: Some(OP_INDETERMINATE), .. } => {
                (Unavailable, "RethinkDB does not know whether a query was executed")
            }
            Self::Query { code: Some(RESOURCE_LIMIT), .. } => {
                (Other, "a query exceeds a limit of RethinkDB")
            }
            Self::Query { .. } => (Other, "RethinkDB returned an error"),
        }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(message) => f.write_str(message),
            Self::TimedOut => f.write_str("timeout of the client"),
            Self::Garbage(what) => f.write_str(what),
            Self::Rejected { code, message } | Self::Query { code: Some(code), message } => {
                write!(f, "{message} (code {code})")
            }
            Self::Query { code: None, message } => f.write_str(message),
        }
    }
}

impl std::error::Error for RequestError {}

impl From<std::io::Error> for RequestError {
    fn from(error: std::io::Error) -> Self {
        Self::Unreachable(error.to_string())
    }
}

impl From<RequestError> for StoreError {
    fn from(error: RequestError) -> Self {
        let (kind, message) = error.classify();
        StoreError::new(kind, message).with_source(error)
    }
}

/// The error of a server that is too old.
pub(crate) fn unsupported(message: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Unsupported, message)
}

#[cfg(test)]
mod tests {
    use punctual_core::error_chain;

    use super::*;

    #[test]
    fn errors_are_classified() {
        use StoreErrorKind::{Invalid, Other, Unavailable, Unsupported};
        let query = |code| RequestError::Query { code: Some(code), message: "why".into() };
        let rejected = |code| RequestError::Rejected { code, message: "why".into() };
        for (error, kind, must_reconnect, is_of_server) in [
            (RequestError::Unreachable("why".into()), Unavailable, true, true),
            (RequestError::Garbage("why"), Unavailable, true, true),
            (rejected(12), Invalid, true, false),
            (rejected(2), Unsupported, true, false),
            (query(PERMISSION), Invalid, false, false),
            (query(OP_FAILED), Unavailable, false, false),
            (query(OP_INDETERMINATE), Unavailable, false, false),
            (query(3_000_000), Other, false, false),
            (RequestError::of_document("why: primary replica"), Unavailable, false, false),
            (RequestError::of_document("why"), Other, false, false),
        ] {
            assert_eq!(error.must_reconnect(), must_reconnect, "{error}");
            assert_eq!(error.is_of_server(), is_of_server, "{error}");
            let error = StoreError::from(error);
            assert_eq!(
                (error.kind(), error.is_retryable()),
                (kind, kind == Unavailable),
                "{error}"
            );
            assert!(error_chain(&error).to_string().contains("why"), "{error}");
        }
    }
}
