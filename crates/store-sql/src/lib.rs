//! SQL job stores of the Punctual job scheduler: SQLite, MySQL and MariaDB.
//!
//! What the contract asks for is written once, on top of a `Dialect`: that is a feature and a module of its
//! own with the same files in the same roles: all its SQL in `sql.rs`, its tables in `schema.rs`, its
//! connections in `database.rs`, adding, claiming and committing in `jobs.rs`, `claims.rs` and `commits.rs`.
//!
//! | feature | store |
//! |---|---|
//! | `sqlite` | [`SqliteJobStore`] |
//! | `mysql` | [`MySqlJobStore`] |

#![cfg_attr(
    not(any(feature = "sqlite", feature = "mysql")),
    allow(
        dead_code,
        unused_macros,
        unused_imports,
        reason = "what dialects share is of no use without one"
    )
)]

mod batch;
mod client;
mod database;
mod dialect;
mod error;
mod facets;
mod handle;
mod history;
mod jobs;
mod migrate;
mod notes;
mod rows;
mod runs;
mod sql;
mod store;
mod tables;
mod wakeup;

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "mysql")]
pub use mysql::{MySqlJobStore, MySqlJobStoreBuilder};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteJobStore, SqliteJobStoreBuilder, Synchronous};
