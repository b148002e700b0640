//! SQL job stores of the Punctual job scheduler: SQLite, PostgreSQL, MySQL and MariaDB.
//!
//! The operations of the contract are implemented once, on top of the trait `Dialect`. Each dialect is a feature and a
//! module with the same file structure: SQL in `sql.rs`, tables in `schema.rs`, connections in `database.rs`, and
//! adding, claiming and committing in `jobs.rs`, `claims.rs` and `commits.rs`.
//!
//! | feature | store |
//! |---|---|
//! | `sqlite` | [`SqliteJobStore`] |
//! | `postgres` | [`PostgresJobStore`] |
//! | `mysql` | [`MySqlJobStore`] |
//!
//! The feature `tls` adds encrypted connections to servers.

#![cfg_attr(
    not(all(feature = "sqlite", feature = "mysql", feature = "postgres")),
    allow(
        dead_code,
        unused_macros,
        unused_imports,
        reason = "no single dialect uses all of the shared code"
    )
)]

mod batch;
mod client;
mod connection;
mod database;
mod dialect;
mod error;
mod history;
mod jobs;
mod metadata;
mod migrate;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod ping;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod reusing_pool;
mod rows;
mod runs;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod server;
mod spare;
mod sql;
mod store;
mod tables;
#[cfg(test)]
mod testing;

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

/// The version of sqlx that pools passed to the builders, and transactions of callers, must be created with.
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
#[doc(no_inline)]
pub use sqlx;

#[cfg(feature = "mysql")]
pub use mysql::{MySqlJobStore, MySqlJobStoreBuilder};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresJobStore, PostgresJobStoreBuilder};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteJobStore, SqliteJobStoreBuilder, SqliteSynchronous};
