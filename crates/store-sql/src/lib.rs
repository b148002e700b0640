//! SQL job stores of the Punctual job scheduler: SQLite.
//!
//! Each dialect is a feature and a module of its own with the same files in the same roles: all its SQL in
//! `sql.rs`, its tables in `schema.rs`, its connections in `database.rs`. What they share stands beside
//! them: table names, batches as JSON, and the mapping of errors.
//!
//! | feature | store |
//! |---|---|
//! | `sqlite` | [`SqliteJobStore`] |

#[cfg(feature = "sqlite")]
mod batch;
#[cfg(feature = "sqlite")]
mod error;
#[cfg(feature = "sqlite")]
mod tables;

#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteJobStore, SqliteJobStoreBuilder, Synchronous};
