//! Conversion of Redis's errors.

use punctual_core::{StoreError, StoreErrorKind};
use punctual_store_kit::Cause;
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// The error of the server is attached as the source: it may contain names of users and keys, but no passwords or values.
pub(crate) fn store_error(error: RedisError) -> StoreError {
    let (kind, message) = classify(&error);
    StoreError::new(kind, message).with_source(Cause(error))
}

/// Whether to open another connection after this error: the current one is lost, or its server has been replaced by another
/// one behind the same address, or soon will be.
pub(crate) fn must_reconnect(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Server(_) | ErrorKind::Extension => {
            let code = error.code().unwrap_or_default();
            matches!(
                code,
                "READONLY" | "LOADING" | "MASTERDOWN" | "NOAUTH" | "CLUSTERDOWN" | "MOVED"
            )
        }
        _ => true,
    }
}

fn classify(error: &RedisError) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Corrupt, Invalid, Unavailable};
    match error.kind() {
        ErrorKind::Server(ServerErrorKind::ResponseError) => classify_text(error),
        ErrorKind::Server(_) | ErrorKind::Extension => {
            classify_code(error.code().unwrap_or_default())
        }
        ErrorKind::AuthenticationFailed => (Invalid, "Redis rejected the user or the password"),
        ErrorKind::InvalidClientConfig => {
            (Invalid, "the configuration of the connection is invalid")
        }
        ErrorKind::UnexpectedReturnType => (Corrupt, "Redis returned an unexpected value"),
        ErrorKind::Io if error.is_timeout() => (Unavailable, "Redis did not respond in time"),
        ErrorKind::MasterNameNotFoundBySentinel
        | ErrorKind::NoValidReplicasFoundBySentinel
        | ErrorKind::EmptySentinelList
        | ErrorKind::ClusterConnectionNotFound => (Unavailable, "no server was found"),
        _ => (Unavailable, "the connection to Redis was lost, or can't be established"),
    }
}

fn classify_code(code: &str) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Corrupt, Invalid, Other, Unavailable};
    match code {
        "LOADING" => (Unavailable, "Redis is loading its data"),
        "READONLY" => (Unavailable, "this Redis server is currently a read-only replica"),
        "MASTERDOWN" => (Unavailable, "this Redis server is a replica without its master"),
        "CLUSTERDOWN" | "TRYAGAIN" | "MOVED" | "ASK" => (Unavailable, "the cluster is changing"),
        "BUSY" => (Unavailable, "Redis is executing a long script"),
        "OOM" => (Unavailable, "the memory of Redis is full (`maxmemory`)"),
        "MISCONF" => (
            Unavailable,
            "Redis rejects changes, because it can't write them to its disk, which may be full",
        ),
        "NOREPLICAS" => (Unavailable, "Redis rejects changes, because it has too few replicas"),
        "NOSCRIPT" | "UNBLOCKED" => (Unavailable, "Redis did not execute the script"),
        "WRONGPASS" | "NOAUTH" => (Invalid, "Redis rejected the user or the password"),
        "NOPERM" => (Invalid, "the user lacks a permission in Redis"),
        "CROSSSLOT" => (
            Invalid,
            "in a cluster, `jobs_key` and `run_times_key` need the hash tag of the other keys",
        ),
        "WRONGTYPE" | "FOREIGN" => {
            (Corrupt, "the keys contain other data than jobs of this version")
        }
        _ => (Other, "Redis failed"),
    }
}

/// Some errors have no code of their own.
fn classify_text(error: &RedisError) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Invalid, Other, Unavailable};
    let text = error.detail().unwrap_or_default();
    if text.contains("max number of clients") {
        (Unavailable, "Redis has too many connections")
    } else if text.contains("DB index") {
        (Invalid, "there is no such database")
    } else if text.contains("ACL failure") || text.contains("The user executing the script") {
        classify_code("NOPERM")
    } else {
        (Other, "Redis failed")
    }
}
