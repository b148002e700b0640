//! SQLite.

mod changes;
mod claims;
mod commits;
mod database;
mod error;
mod file;
mod jobs;
mod memory;
mod options;
mod schema;
mod sql;
#[cfg(test)]
mod tests;

use std::path::Path;

use punctual_core::StoreError;
use punctual_store_kit::{Handle, job_store};

pub use self::options::{SqliteJobStoreBuilder, Synchronous};

use self::database::Sqlite;
use self::options::Options;
use crate::database::Database;

/// Keeps jobs in a SQLite database, which the processes of one machine can share.
///
/// Connecting, making the tables and migrating older ones happens when the store is started. Reads and
/// writes don't wait for each other (the file is in WAL mode); writes of all processes take turns, each a
/// transaction that claims or commits a whole batch. Clones are handles on the same connections.
///
/// A file that is removed, or replaced by another one, is noticed by the next call, which fails with
/// [`Replaced`](punctual_core::StoreErrorKind::Replaced); the one after it opens what the path names then, and
/// makes file and tables as a start does. What the store left of the log of the old file (`-wal`, `-shm`) is
/// removed, so that it is not taken for a part of the new one.
///
/// ```
/// use punctual_core::{JobStore, TaskFilter};
/// use punctual_store_sql::SqliteJobStore;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("jobs.sqlite");
/// let store = SqliteJobStore::open(path)?;
/// store.start().await?;
/// assert_eq!(store.next_wakeup(&TaskFilter::Any).await?, None);
/// store.shutdown().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SqliteJobStore {
    handle: Handle<Database<Sqlite>>,
}

impl SqliteJobStore {
    /// A store in this file, which is made when the store is started if it isn't there.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) for an empty path.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::builder().file(path).build()
    }

    /// A store whose jobs are gone with its last clone: for tests and for trying things out.
    ///
    /// # Errors
    ///
    /// None at present.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::builder().in_memory().build()
    }

    /// A store with options.
    pub fn builder() -> SqliteJobStoreBuilder {
        SqliteJobStoreBuilder::new()
    }

    fn with(options: Options) -> Self {
        Self { handle: Handle::new(options) }
    }
}

job_store!(SqliteJobStore, Database<Sqlite>);
