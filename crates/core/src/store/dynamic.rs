//! The one place where store futures are boxed.

use std::time::Duration;

use super::{
    AddOutcome, CallerTransaction, Claims, CommitBatch, CommitOutcome, CorruptRecord, HistoryPage,
    HistoryQuery, JobCursor, JobPage, JobStore, Metadata, NewRecord, NodeId, RecordUpdate, Renewal,
    Revision, RunHistory, StoreCaps, StoreError, StoredJob, TakeOver, TaskFilter,
    TransactionalJobs,
};
use crate::job::JobId;
use crate::task::BoxFuture;
use crate::time::Timestamp;

/// Tells of changes that other processes made; see [`JobStore::watch`].
pub trait ChangeWatch: Send {
    /// Waits for the next change. Several changes may be told as one; none may go untold.
    fn changed(&mut self) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// Writes the methods that are futures, for the trait and for all stores.
macro_rules! dyn_job_store {
    ($($of:ident::$name:ident($($arg:ident: $ty:ty),*) -> $answer:ty;)*) => {
        /// A [`JobStore`] of any type; implemented for all of them, by nobody else.
        ///
        /// The methods are those of [`JobStore`], [`RunHistory`] and [`TransactionalJobs`], with boxed futures.
        pub trait DynJobStore: Send + Sync + 'static {
            /// See [`JobStore::caps`].
            fn caps(&self) -> StoreCaps;

            $(
                #[doc = concat!("See [`", stringify!($of), "::", stringify!($name), "`].")]
                fn $name<'a>(&'a self, $($arg: $ty),*) -> BoxFuture<'a, $answer>;
            )*

            /// See [`JobStore::generation`].
            fn generation(&self) -> u64;
        }

        impl<S: JobStore> DynJobStore for S {
            fn caps(&self) -> StoreCaps {
                JobStore::caps(self)
            }

            $(
                fn $name<'a>(&'a self, $($arg: $ty),*) -> BoxFuture<'a, $answer> {
                    Box::pin($of::$name(self, $($arg),*))
                }
            )*

            fn generation(&self) -> u64 {
                JobStore::generation(self)
            }
        }
    };
}

dyn_job_store! {
    JobStore::start() -> Result<(), StoreError>;
    JobStore::shutdown() -> ();
    JobStore::add(records: Vec<NewRecord>) -> Result<Vec<AddOutcome>, StoreError>;
    JobStore::update(id: &'a JobId, expected: Revision, update: RecordUpdate) -> Result<Revision, StoreError>;
    JobStore::remove(ids: &'a [JobId]) -> Result<Vec<bool>, StoreError>;
    JobStore::get(id: &'a JobId) -> Result<Option<StoredJob>, StoreError>;
    JobStore::list(after: Option<&'a JobCursor>, limit: usize) -> Result<JobPage, StoreError>;
    JobStore::claim_due(
        node: &'a NodeId, now: Timestamp, limit: usize, lease: Duration, filter: &'a TaskFilter
    ) -> Result<Claims, StoreError>;
    JobStore::commit(batch: CommitBatch) -> Result<Vec<CommitOutcome>, StoreError>;
    JobStore::renew(node: &'a NodeId, now: Timestamp, until: Timestamp, filter: &'a TaskFilter)
        -> Result<Renewal, StoreError>;
    JobStore::take_over(node: &'a NodeId, now: Timestamp, limit: usize, filter: &'a TaskFilter)
        -> Result<TakeOver, StoreError>;
    JobStore::next_wakeup(filter: &'a TaskFilter) -> Result<Option<Timestamp>, StoreError>;
    JobStore::metadata() -> Result<Metadata, StoreError>;
    JobStore::set_metadata(key: &'a str, value: &'a str) -> Result<(), StoreError>;
    JobStore::discard(record: &'a CorruptRecord) -> Result<bool, StoreError>;
    JobStore::watch() -> Result<Option<Box<dyn ChangeWatch>>, StoreError>;
    JobStore::time() -> Result<Option<Timestamp>, StoreError>;
    RunHistory::read_history(query: &'a HistoryQuery) -> Result<HistoryPage, StoreError>;
    RunHistory::forget_history_before(before: Timestamp, limit: usize) -> Result<u64, StoreError>;
    RunHistory::forget_history_beyond(jobs: &'a [JobId], keep: usize, limit: usize) -> Result<u64, StoreError>;
    TransactionalJobs::add_in(transaction: &'a mut CallerTransaction<'_>, records: Vec<NewRecord>)
        -> Result<Vec<AddOutcome>, StoreError>;
    TransactionalJobs::get_in(transaction: &'a mut CallerTransaction<'_>, id: &'a JobId)
        -> Result<Option<StoredJob>, StoreError>;
    TransactionalJobs::update_in(
        transaction: &'a mut CallerTransaction<'_>, id: &'a JobId, expected: Revision, update: RecordUpdate
    ) -> Result<Revision, StoreError>;
    TransactionalJobs::remove_in(transaction: &'a mut CallerTransaction<'_>, ids: &'a [JobId])
        -> Result<Vec<bool>, StoreError>;
    TransactionalJobs::add_metadata_in(transaction: &'a mut CallerTransaction<'_>, key: &'a str, value: &'a str)
        -> Result<(), StoreError>;
}
