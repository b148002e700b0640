//! Conversion of ZooKeeper's errors.

use std::fmt;

use punctual_core::{StoreError, StoreErrorKind, error_chain};
use zookeeper_client::Error;

/// What a server, or the connection to it, has reported. It contains no address and no password.
#[derive(Clone, Debug)]
pub(crate) enum RequestError {
    /// An error of the client library.
    Client(Error),
    /// No response within the timeout of the client.
    TimedOut,
    /// Another reason to try again later.
    Unavailable(&'static str),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(error) => write!(f, "{}", error_chain(error)),
            Self::TimedOut => f.write_str("timeout of the client"),
            Self::Unavailable(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for RequestError {}

impl From<Error> for RequestError {
    fn from(error: Error) -> Self {
        Self::Client(error)
    }
}

impl RequestError {
    /// Whether the session is useless, so that the next call needs a new one.
    pub(crate) fn must_reconnect(&self) -> bool {
        match self {
            Self::TimedOut => true,
            Self::Unavailable(_) => false,
            Self::Client(error) => !matches!(
                error,
                Error::NoNode
                    | Error::NoAuth
                    | Error::BadVersion
                    | Error::NodeExists
                    | Error::NotEmpty
                    | Error::InvalidAcl
                    | Error::BadArguments(_)
                    | Error::QuotaExceeded
                    | Error::Throttled
                    | Error::Unimplemented
            ),
        }
    }

    fn classify(&self) -> (StoreErrorKind, &'static str) {
        use StoreErrorKind::{Corrupt, Invalid, Other, Unavailable, Unsupported};
        let error = match self {
            Self::TimedOut => return (Unavailable, "ZooKeeper did not respond in time"),
            Self::Unavailable(message) => return (Unavailable, message),
            Self::Client(error) => error,
        };
        match error {
            Error::NoHosts | Error::ConnectionLoss | Error::ClientClosed => {
                (Unavailable, "ZooKeeper can't be reached, or has no quorum")
            }
            Error::Timeout => (Unavailable, "ZooKeeper did not respond in time"),
            Error::SessionExpired | Error::SessionMoved => {
                (Unavailable, "the session with ZooKeeper has expired")
            }
            Error::Throttled => (Unavailable, "ZooKeeper is overloaded"),
            Error::NotReadOnly => (Unavailable, "the ZooKeeper server has lost the others"),
            Error::QuotaExceeded => (Unavailable, "the quota of a path of ZooKeeper is exceeded"),
            Error::NoAuth => (Invalid, "the user of ZooKeeper lacks a permission"),
            Error::AuthFailed | Error::InvalidAcl => {
                (Invalid, "ZooKeeper rejected the user or the password")
            }
            Error::Unimplemented => {
                (Unsupported, "ZooKeeper 3.6 or newer is required, with container nodes")
            }
            Error::UnmarshalError { .. } | Error::MarshallingError => {
                (Corrupt, "ZooKeeper returned an unexpected value")
            }
            // Errors of the connection, with the error of the operating system as their source.
            Error::Custom(_) | Error::UnexpectedError(_) => {
                (Unavailable, "ZooKeeper can't be reached, or has no quorum")
            }
            _ => (Other, "ZooKeeper returned an error"),
        }
    }
}

impl From<RequestError> for StoreError {
    fn from(error: RequestError) -> Self {
        let (kind, message) = error.classify();
        StoreError::new(kind, message).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_server_are_classified() {
        use StoreErrorKind::{Corrupt, Invalid, Other, Unavailable, Unsupported};
        for (error, kind, must_reconnect) in [
            (Error::ConnectionLoss, Unavailable, true),
            (Error::SessionExpired, Unavailable, true),
            (Error::NoHosts, Unavailable, true),
            (Error::UnexpectedError("a message".into()), Unavailable, true),
            (Error::Throttled, Unavailable, false),
            (Error::QuotaExceeded, Unavailable, false),
            (Error::NoAuth, Invalid, false),
            (Error::AuthFailed, Invalid, true),
            (Error::Unimplemented, Unsupported, false),
            (Error::MarshallingError, Corrupt, true),
            (Error::NotEmpty, Other, false),
        ] {
            let text = error.to_string();
            let error = RequestError::from(error);
            assert_eq!(error.must_reconnect(), must_reconnect, "{text}");
            let error = StoreError::from(error);
            assert_eq!((error.kind(), error.is_retryable()), (kind, kind == Unavailable), "{text}");
            assert!(error_chain(&error).to_string().contains(&text), "{error}");
        }
    }
}
