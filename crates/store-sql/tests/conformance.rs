//! The contract of job stores, kept by each database.

#[cfg(feature = "mysql")]
#[path = "conformance/mysql.rs"]
mod mysql;
#[cfg(feature = "sqlite")]
#[path = "conformance/sqlite.rs"]
mod sqlite;
