//! SQLite.

mod claims;
mod commits;
mod database;
mod error;
mod jobs;
mod notes;
mod options;
mod rows;
mod runs;
mod schema;
mod sql;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{
    AddOutcome, Claim, CommitBatch, CommitOutcome, InFlightRun, JobCursor, JobId, JobPage,
    JobRecord, JobStore, NewRecord, NodeId, OrphanedRun, RecordUpdate, Revision, StoreCaps,
    StoreError, TaskFilter, Timestamp,
};
use sqlx::SqliteConnection;

pub use self::options::{SqliteJobStoreBuilder, Synchronous};

use self::database::Database;
use self::options::{Options, Place};

/// Keeps jobs in a SQLite database, which the processes of one machine can share.
///
/// Connecting, making the tables and migrating older ones happens when the store is started. Reads and
/// writes don't wait for each other (the file is in WAL mode); writes of all processes take turns, each a
/// transaction that claims or commits a whole batch. Clones are handles on the same connections.
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
    shared: Arc<Shared>,
}

struct Shared {
    options: Options,
    /// There while the store is started.
    database: Mutex<Option<Database>>,
    /// For a database in memory, from the first start on.
    anchor: Mutex<Option<SqliteConnection>>,
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
        let (database, anchor) = Default::default();
        Self { shared: Arc::new(Shared { options, database, anchor }) }
    }

    fn database(&self) -> Result<Database, StoreError> {
        self.shared.database.lock().clone().ok_or_else(StoreError::not_started)
    }
}

impl fmt::Debug for SqliteJobStore {
    /// Without the path, which is nobody's business in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteJobStore").finish_non_exhaustive()
    }
}

impl JobStore for SqliteJobStore {
    fn caps(&self) -> StoreCaps {
        match self.shared.options.place {
            Place::Memory(_) => StoreCaps::memory(),
            Place::File(_) | Place::Pool(_) => StoreCaps::shared(),
        }
    }

    async fn start(&self) -> Result<(), StoreError> {
        if self.database().is_ok() {
            return Ok(());
        }
        if self.shared.anchor.lock().is_none() {
            let anchor = database::anchor(&self.shared.options).await?;
            *self.shared.anchor.lock() = anchor;
        }
        let opened = Database::open(&self.shared.options).await?;
        let earlier = {
            let mut database = self.shared.database.lock();
            match &*database {
                // Another call was quicker.
                Some(_) => Some(opened),
                None => database.replace(opened),
            }
        };
        if let Some(superfluous) = earlier {
            superfluous.close().await;
        }
        Ok(())
    }

    async fn shutdown(&self) {
        let database = self.shared.database.lock().take();
        if let Some(database) = database {
            database.close().await;
        }
    }

    async fn add(&self, records: Vec<NewRecord>) -> Result<Vec<AddOutcome>, StoreError> {
        self.database()?.add(&records).await
    }

    async fn update(
        &self,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> Result<Revision, StoreError> {
        self.database()?.update(id, expected, update).await
    }

    async fn remove(&self, id: &JobId) -> Result<bool, StoreError> {
        self.database()?.remove(id).await
    }

    async fn remove_all(&self) -> Result<u64, StoreError> {
        self.database()?.remove_all().await
    }

    async fn get(&self, id: &JobId) -> Result<Option<JobRecord>, StoreError> {
        self.database()?.get(id).await
    }

    async fn list(&self, after: Option<&JobCursor>, limit: usize) -> Result<JobPage, StoreError> {
        self.database()?.list(after, limit).await
    }

    async fn claim_due(
        &self,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Vec<Claim>, StoreError> {
        self.database()?.claim_due(now, limit, lease, filter).await
    }

    async fn commit(&self, batch: CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        self.database()?.commit(&batch.commits).await
    }

    async fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.database()?.renew(node, now, until).await
    }

    async fn take_over(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<Vec<OrphanedRun>, StoreError> {
        self.database()?.take_over(node, now, limit, filter).await
    }

    async fn in_flight(&self, id: &JobId) -> Result<Vec<InFlightRun>, StoreError> {
        self.database()?.in_flight(id).await
    }

    async fn next_wakeup(&self, filter: &TaskFilter) -> Result<Option<Timestamp>, StoreError> {
        self.database()?.next_wakeup(filter).await
    }

    async fn notes(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.database()?.notes().await
    }

    async fn set_note(&self, key: &str, text: &str) -> Result<(), StoreError> {
        self.database()?.set_note(key, text).await
    }
}
