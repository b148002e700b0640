//! Conversion of etcd's errors, by their codes.

use std::fmt;

use punctual_core::{StoreError, StoreErrorKind, error_chain};
use tonic::{Code, Status};

/// What a server, or the connection to it, has reported. The message of a status that the client has created consists of those of
/// its sources, which contain no address and no password.
#[derive(Clone, Debug)]
pub(crate) struct RequestError {
    code: Code,
    message: String,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (code {})", self.message, self.code as i32)
    }
}

impl std::error::Error for RequestError {}

impl RequestError {
    pub(crate) fn of(status: &Status) -> Self {
        let message = match std::error::Error::source(status) {
            Some(source) => error_chain(source).to_string(),
            None => status.message().to_owned(),
        };
        Self { code: status.code(), message }
    }

    /// An error of the connection, or an unexpected response, after which another server is tried.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self { code: Code::Unavailable, message: message.into() }
    }

    /// Whether the token of the login must be renewed. The request has not been executed then.
    pub(crate) fn is_token_rejected(&self) -> bool {
        self.code == Code::Unauthenticated || self.message.contains("revision of auth store is old")
    }

    pub(crate) fn is_authentication_disabled(&self) -> bool {
        self.code == Code::FailedPrecondition
            && self.message.contains("authentication is not enabled")
    }

    /// Whether another server may be able to execute requests.
    pub(crate) fn must_reconnect(&self) -> bool {
        matches!(
            self.code,
            Code::Unavailable
                | Code::DeadlineExceeded
                | Code::Cancelled
                | Code::Unknown
                | Code::Internal
                | Code::DataLoss
        )
    }

    /// Whether the user lacks a permission.
    pub(crate) fn is_permission_denied(&self) -> bool {
        self.code == Code::PermissionDenied
    }

    /// Whether a read asked for a revision that has been compacted.
    pub(crate) fn is_compacted(&self) -> bool {
        self.code == Code::OutOfRange && self.message.contains("compacted")
    }

    fn classify(&self) -> (StoreErrorKind, &'static str) {
        use StoreErrorKind::{Corrupt, Invalid, Other, Unavailable, Unsupported};
        let says = |text| self.message.contains(text);
        match self.code {
            Code::Unauthenticated => (Invalid, "etcd rejected the user or the password"),
            Code::PermissionDenied => (Invalid, "the user of etcd lacks a permission"),
            Code::InvalidArgument
                if says("authentication failed") || says("user name is empty") =>
            {
                (Invalid, "etcd rejected the user or the password")
            }
            Code::InvalidArgument if says("revision of auth store is old") => {
                (Unavailable, "the users of etcd have been changed")
            }
            Code::InvalidArgument if says("too large") => (Invalid, "a job is too large for etcd"),
            Code::InvalidArgument if says("too many operations") => {
                (Unsupported, "etcd has a smaller limit of operations in a transaction than 128")
            }
            Code::ResourceExhausted if says("space exceeded") => {
                (Unavailable, "the database of etcd is full")
            }
            Code::ResourceExhausted => (Unavailable, "etcd is overloaded"),
            Code::OutOfRange if says("compacted") => {
                (Unavailable, "etcd has compacted a revision while it was read")
            }
            Code::DataLoss => (Corrupt, "etcd reports a corrupt database"),
            Code::Unimplemented => (Unsupported, "etcd does not support a request"),
            Code::DeadlineExceeded => (Unavailable, "etcd did not respond in time"),
            Code::Unavailable
            | Code::Cancelled
            | Code::Aborted
            | Code::Unknown
            | Code::Internal => (Unavailable, "etcd can't be reached, or has no leader"),
            _ => (Other, "etcd returned an error"),
        }
    }
}

impl From<RequestError> for StoreError {
    fn from(error: RequestError) -> Self {
        let (kind, message) = error.classify();
        StoreError::new(kind, message).with_source(error)
    }
}

/// The error of a call that the server has not answered in time.
pub(crate) fn timed_out() -> RequestError {
    RequestError { code: Code::DeadlineExceeded, message: "timeout of the client".into() }
}

/// The error of a server that is too old or lacks a feature.
pub(crate) fn unsupported(message: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Unsupported, message)
}

/// The error of a response with another structure than documented.
pub(crate) fn unexpected() -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, "etcd returned an unexpected value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_server_are_classified_by_their_codes() {
        use StoreErrorKind::{Corrupt, Invalid, Other, Unavailable, Unsupported};
        for (code, message, kind, must_reconnect) in [
            (Code::Unavailable, "etcdserver: leader changed", Unavailable, true),
            (Code::Unavailable, "etcdserver: request timed out", Unavailable, true),
            (
                Code::ResourceExhausted,
                "etcdserver: mvcc: database space exceeded",
                Unavailable,
                false,
            ),
            (Code::ResourceExhausted, "etcdserver: too many requests", Unavailable, false),
            (
                Code::OutOfRange,
                "etcdserver: mvcc: required revision has been compacted",
                Unavailable,
                false,
            ),
            (Code::InvalidArgument, "etcdserver: request is too large", Invalid, false),
            (
                Code::InvalidArgument,
                "etcdserver: authentication failed, invalid user ID or password",
                Invalid,
                false,
            ),
            (
                Code::InvalidArgument,
                "etcdserver: too many operations in txn request",
                Unsupported,
                false,
            ),
            (Code::PermissionDenied, "etcdserver: permission denied", Invalid, false),
            (Code::Unauthenticated, "etcdserver: invalid auth token", Invalid, false),
            (Code::DataLoss, "etcdserver: corrupt cluster", Corrupt, true),
            (Code::InvalidArgument, "etcdserver: key is not provided", Other, false),
        ] {
            let error = RequestError::of(&Status::new(code, message));
            assert_eq!(error.must_reconnect(), must_reconnect, "{message}");
            let error = StoreError::from(error);
            assert_eq!(
                (error.kind(), error.is_retryable()),
                (kind, kind == Unavailable),
                "{message}"
            );
            assert!(error_chain(&error).to_string().contains(message), "{error}");
        }
    }
}
