//! What differs from one database to another.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use punctual_core::{
    AddOutcome, ChangeWatch, Claims, CommitBatch, CommitOutcome, NewRecord, NodeId, StoreCaps,
    StoreError, TaskFilter, Timestamp,
};
use sqlx::{SqlStr, Transaction};

use crate::client::{Client, Value};
use crate::lent::Lent;
use crate::sql::{HistoryStatements, Statements};

/// A server ends a transaction whose process says nothing for so long: it may have been stopped, or its machine
/// cut off, and others need what it holds.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) const ABANDONED: Duration = Duration::from_secs(10);

/// How long to wait for what another transaction holds: shorter than a third of the lease that a scheduler
/// has by default, so that one that waits is not taken for dead.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_secs(3);

/// The connections to one kind of database; clones share them.
///
/// Where all databases can do the same they differ in their [`Statements`] at most. Adding, claiming and
/// committing are each database's own, since there its round trips count.
pub(crate) trait Dialect:
    Adding<<Self as Dialect>::Connection>
    + Claiming
    + Committing
    + Clone
    + fmt::Debug
    + Send
    + Sync
    + 'static
{
    /// What the builder has checked.
    type Options: Send + Sync + 'static;
    type Database: sqlx::Database<Connection = Self::Connection>;
    type Connection: Client + sqlx::Connection<Database = Self::Database>;

    /// The statements that the shared code runs.
    const STATEMENTS: Statements;

    /// Those about the history of runs.
    const HISTORY: HistoryStatements;

    /// What a store with these options can do.
    fn caps(options: &Self::Options) -> StoreCaps;

    /// Connects in the current runtime, and makes or migrates the tables.
    fn open(options: &Self::Options) -> impl Future<Output = Result<Self, StoreError>> + Send;

    /// How long a call may take before the database counts as unavailable; none where it bounds its calls
    /// itself.
    fn patience(_options: &Self::Options) -> Option<Duration> {
        None
    }

    /// Fails with [`Replaced`](punctual_core::StoreErrorKind::Replaced) if the connections are not to what the
    /// options name any more.
    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether opening it anew helps then: not where the connections were given by the user.
    fn can_reopen(&self) -> bool {
        false
    }

    /// Clears away what would be taken for a part of what is there now. Before the connections are closed.
    fn make_way(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
        async { Ok(()) }
    }

    /// Closes the connections that are ours to close.
    fn close(&self) -> impl Future<Output = ()> + Send;

    /// A statement of ours with the names of the tables in it.
    fn sql(&self, statement: &'static str) -> SqlStr;

    /// What a failure of sqlx means.
    fn error(error: sqlx::Error) -> StoreError;

    /// Whether the database undid everything because others were in the way, so that doing it all again
    /// will do.
    fn is_collision(_error: &sqlx::Error) -> bool {
        false
    }

    /// A transaction that writes. Dropped before its end, it changes nothing.
    fn write(
        &self,
    ) -> impl Future<Output = Result<Transaction<'static, Self::Database>, StoreError>> + Send;

    /// A connection for statements that only read or are a transaction of their own.
    fn read(&self) -> impl Future<Output = Result<Lent<Self::Database>, StoreError>> + Send;

    /// A transaction that only reads, and sees nothing of what others write in the meantime.
    fn snapshot(
        &self,
    ) -> impl Future<Output = Result<Transaction<'static, Self::Database>, StoreError>> + Send;

    /// Lets a node live on, if it is alive, and looks around for it, in one round trip: the row of
    /// [`look`](Statements::look), whose values come first, then until when. No row if it is not alive.
    fn prolong(
        &self,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Option<<Self::Connection as Client>::Row>, StoreError>> + Send;

    /// Tells others, when the connection's transaction ends, that a job may be due sooner than they know.
    fn announce(
        &self,
        _connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async { Ok(()) }
    }

    /// Does what the contract says.
    fn watch(
        &self,
    ) -> impl Future<Output = Result<Option<Box<dyn ChangeWatch>>, StoreError>> + Send {
        async { Ok(None) }
    }
}

/// In a dialect's `jobs.rs`.
pub(crate) trait Adding<Connection> {
    /// Adds jobs as a part of the connection's transaction.
    fn add(
        &self,
        connection: &mut Connection,
        records: &[NewRecord],
    ) -> impl Future<Output = Result<Vec<AddOutcome>, StoreError>> + Send;
}

/// What is to be claimed, by whom, and until when.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) node: &'a NodeId,
    pub(crate) now: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) limit: usize,
    pub(crate) filter: &'a TaskFilter,
}

/// In its `claims.rs`.
pub(crate) trait Claiming {
    /// Does what the contract says of `claim_due`.
    fn claim(&self, wanted: Wanted<'_>) -> impl Future<Output = Result<Claims, StoreError>> + Send;
}

/// In its `commits.rs`.
pub(crate) trait Committing {
    /// Does what the contract says.
    fn commit(
        &self,
        batch: &CommitBatch,
    ) -> impl Future<Output = Result<Vec<CommitOutcome>, StoreError>> + Send;
}
