//! The interface to the different databases.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use punctual_core::{
    AddOutcome, ChangeWatch, Claims, CommitBatch, CommitOutcome, NewRecord, NodeId, StoreCaps,
    StoreError, TaskFilter, Timestamp,
};
use sqlx::{SqlStr, Transaction};

use crate::client::{Client, Value};
use crate::connection::CancelSafeConnection;
use crate::sql::{HistoryStatements, Statements};

/// Timeout after which the server aborts an idle transaction and releases its locks. Otherwise the locks of a process
/// that was suspended or disconnected would block other transactions.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);

/// The lock timeout: shorter than a third of the default lease of a scheduler, so that a node that waits for a lock can
/// still renew its lease.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_secs(3);

/// The connections to one kind of database. Clones share them.
///
/// Where the databases differ only in SQL, the shared code uses their [`Statements`]. Each dialect implements adding,
/// claiming and committing itself, with the fewest round trips that its database allows.
pub(crate) trait Dialect:
    AddJobs<<Self as Dialect>::Connection>
    + ClaimJobs
    + CommitJobs
    + Clone
    + fmt::Debug
    + Send
    + Sync
    + 'static
{
    /// The options that the builder has validated.
    type Options: Send + Sync + 'static;
    type Database: sqlx::Database<Connection = Self::Connection>;
    type Connection: Client + sqlx::Connection<Database = Self::Database>;

    /// The statements that the shared code executes.
    const STATEMENTS: Statements;

    /// The statements for the history of runs.
    const HISTORY: HistoryStatements;

    /// The capabilities of a store with these options.
    fn caps(options: &Self::Options) -> StoreCaps;

    /// Connects in the current runtime, and creates or migrates the tables.
    fn open(options: &Self::Options) -> impl Future<Output = Result<Self, StoreError>> + Send;

    /// The timeout of a call, after which the database is considered unavailable; `None` if the dialect applies its own
    /// timeouts.
    fn call_timeout(_options: &Self::Options) -> Option<Duration> {
        None
    }

    /// Fails with [`Replaced`](punctual_core::StoreErrorKind::Replaced) if the connections no longer refer to the
    /// database of the options.
    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether the database can be reopened after `Replaced`. This is false for connections provided by the user.
    fn can_reopen(&self) -> bool {
        false
    }

    /// Removes leftover files that would be mistaken for part of the new database. It is called before `close`.
    fn remove_stale_files(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
        async { Ok(()) }
    }

    /// Closes the connections, except those provided by the user.
    fn close(&self) -> impl Future<Output = ()> + Send;

    /// Inserts the names of the tables into a statement of this crate.
    fn sql(&self, statement: &'static str) -> SqlStr;

    /// Converts an error of sqlx.
    fn error(error: sqlx::Error) -> StoreError;

    /// Whether the database rolled back the transaction because of a conflict with a concurrent one, so that the call
    /// can be retried.
    fn is_write_conflict(_error: &sqlx::Error) -> bool {
        false
    }

    /// Begins a transaction that writes. It is rolled back if it is dropped.
    fn write(
        &self,
    ) -> impl Future<Output = Result<Transaction<'static, Self::Database>, StoreError>> + Send;

    /// Returns a connection for read-only and autocommit statements.
    fn read(
        &self,
    ) -> impl Future<Output = Result<CancelSafeConnection<Self::Database>, StoreError>> + Send;

    /// Begins a read-only transaction that does not see concurrent changes.
    fn snapshot(
        &self,
    ) -> impl Future<Output = Result<Transaction<'static, Self::Database>, StoreError>> + Send;

    /// Renews the lease of a node if it has not expired, and returns the row of
    /// [`renewal_status`](Statements::renewal_status) in the same round trip. The values are those of
    /// `renewal_status`, followed by the new expiry. Returns `None` if the lease has expired.
    fn renew_lease(
        &self,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Option<<Self::Connection as Client>::Row>, StoreError>> + Send;

    /// Notifies watchers at commit that a job may be due earlier.
    fn notify_change(
        &self,
        _connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async { Ok(()) }
    }

    /// See [`JobStore::watch`](punctual_core::JobStore::watch).
    fn watch(
        &self,
    ) -> impl Future<Output = Result<Option<Box<dyn ChangeWatch>>, StoreError>> + Send {
        async { Ok(None) }
    }
}

/// Adds jobs, and notifies watchers at commit if a job was added; implemented in `jobs.rs` of a dialect.
pub(crate) trait AddJobs<Connection> {
    /// Adds jobs in the connection's transaction.
    fn add(
        &self,
        connection: &mut Connection,
        records: &[NewRecord],
    ) -> impl Future<Output = Result<Vec<AddOutcome>, StoreError>> + Send;

    /// Adds jobs in their own transaction and one round trip. Returns `None`, without any effect, if the jobs must be
    /// added by [`add`](Self::add), because they are too many or because the dialect has no such statement.
    fn add_at_once(
        &self,
        _records: &[NewRecord],
    ) -> impl Future<Output = Result<Option<Vec<AddOutcome>>, StoreError>> + Send {
        async { Ok(None) }
    }
}

/// The parameters of a claim.
#[derive(Clone, Copy)]
pub(crate) struct ClaimRequest<'a> {
    pub(crate) node: &'a NodeId,
    pub(crate) now: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) limit: usize,
    pub(crate) filter: &'a TaskFilter,
}

/// Claims jobs; implemented in `claims.rs` of a dialect.
pub(crate) trait ClaimJobs {
    /// See [`JobStore::claim_due`](punctual_core::JobStore::claim_due).
    fn claim(
        &self,
        request: ClaimRequest<'_>,
    ) -> impl Future<Output = Result<Claims, StoreError>> + Send;
}

/// Commits batches; implemented in `commits.rs` of a dialect.
pub(crate) trait CommitJobs {
    /// See [`JobStore::commit`](punctual_core::JobStore::commit).
    fn commit(
        &self,
        batch: &CommitBatch,
    ) -> impl Future<Output = Result<Vec<CommitOutcome>, StoreError>> + Send;
}
