//! SQLite.

mod claims;
mod commits;
mod database;
mod error;
mod file;
mod group_rows;
mod jobs;
mod memory;
mod options;
mod schema;
mod sql;
#[cfg(test)]
mod tests;

use std::path::Path;

use punctual_core::StoreError;
use punctual_store_kit::{BackendHandle, job_store};

pub use self::options::{SqliteJobStoreBuilder, SqliteSynchronous};

use self::database::Sqlite;
use self::options::Options;
use crate::database::Database;

/// Stores jobs in a SQLite database, which the processes of one machine can share.
///
/// `start` connects, and creates or migrates the tables. Reads and writes don't block each other (the file is in WAL
/// mode); writes of all processes are serialized, each of which is a transaction that claims or commits a whole batch.
/// Clones share the same connections.
///
/// If the file is removed or replaced, the next call fails with
/// [`Replaced`](punctual_core::StoreErrorKind::Replaced); the call after it opens the current file at the path, and
/// creates file and tables as `start` does. Leftover files of the old database (`-wal`, `-shm`) are removed, because
/// they would be mistaken for part of the new one.
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
    handle: BackendHandle<Database<Sqlite>>,
}

impl SqliteJobStore {
    /// Creates a store in this file. The file is created when the store is started, if it does not exist.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if the path is empty.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::builder().file(path).build()
    }

    /// Creates a store whose jobs are lost when its last clone is dropped: for tests and experiments.
    ///
    /// # Errors
    ///
    /// Currently none.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::builder().in_memory().build()
    }

    /// Returns a builder for a store with options.
    pub fn builder() -> SqliteJobStoreBuilder {
        SqliteJobStoreBuilder::new()
    }

    fn with(options: Options) -> Self {
        Self { handle: BackendHandle::new(options) }
    }
}

job_store!(SqliteJobStore, Database<Sqlite>);
