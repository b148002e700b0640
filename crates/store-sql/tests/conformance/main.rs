//! The conformance suite on each database.

/// The lock timeout of the stores under test: many cases run concurrently on a busy machine.
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
const WAIT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);

#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
mod corruption;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
mod transaction;
