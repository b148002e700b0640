//! The contract of job stores, kept by each database.

/// How long the cases' stores wait for what others hold, on however busy a machine: many cases run at a time.
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
mod damage;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
mod transaction;
