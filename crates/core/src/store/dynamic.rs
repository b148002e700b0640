//! The object-safe form of stores, with boxed futures.

use std::time::Duration;

use super::{
    AddOutcome, CallerTransaction, Claims, CommitBatch, CommitOutcome, CorruptRecord,
    HistoryRecordPage, HistoryRecordQuery, JobCursor, JobRecordPage, JobStore, Metadata, NewRecord,
    NodeId, RecordUpdate, Renewal, Revision, RunHistory, StoreCaps, StoreError, StoreErrorKind,
    StoredJob, TakeOver, TakeOverFrom, TaskFilter, TransactionalJobs,
};
use crate::job::JobId;
use crate::task::BoxFuture;
use crate::time::Timestamp;

/// Reports changes made by other processes; see [`JobStore::watch`].
pub trait ChangeWatch: Send {
    /// Waits for the next change. Notifications may be merged, but must not be lost.
    fn changed(&mut self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The earliest time at which a job of the last reported change is due, if the change consists of added jobs only; the
    /// scheduler then claims them at that time without another call. `None`, the default: the store does not tell, or
    /// something else has changed, and the scheduler asks for the next due time.
    fn due_at(&self) -> Option<Timestamp> {
        None
    }
}

/// Generates the trait with its asynchronous methods, and the implementation for all stores. `of` specifies the number
/// of results of a method that returns one result per item; another number is an error.
macro_rules! dyn_job_store {
    (@call $call:expr) => {
        $call
    };
    (@call $call:expr, $count:expr) => {{
        let (count, call) = ($count, $call);
        async move { call.await.and_then(|results| check_len(results, count)) }
    }};
    ($($trait:ident::$name:ident($($arg:ident: $ty:ty),*) -> $output:ty $(, of $count:expr)?;)*) => {
        /// A type-erased [`JobStore`]. Do not implement this trait: it is implemented for every `JobStore`.
        ///
        /// The methods are those of [`JobStore`], [`RunHistory`] and [`TransactionalJobs`], with boxed futures.
        pub trait DynJobStore: Send + Sync + 'static {
            /// See [`JobStore::caps`].
            fn caps(&self) -> StoreCaps;

            $(
                #[doc = concat!("See [`", stringify!($trait), "::", stringify!($name), "`].")]
                fn $name<'a>(&'a self, $($arg: $ty),*) -> BoxFuture<'a, $output>;
            )*

            /// See [`JobStore::generation`].
            fn generation(&self) -> u64;
        }

        impl<S: JobStore> DynJobStore for S {
            fn caps(&self) -> StoreCaps {
                JobStore::caps(self)
            }

            $(
                fn $name<'a>(&'a self, $($arg: $ty),*) -> BoxFuture<'a, $output> {
                    Box::pin(dyn_job_store!(@call $trait::$name(self, $($arg),*) $(, $count)?))
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
    JobStore::add(records: Vec<NewRecord>) -> Result<Vec<AddOutcome>, StoreError>, of records.len();
    JobStore::update(id: &'a JobId, expected: Revision, update: RecordUpdate) -> Result<Revision, StoreError>;
    JobStore::remove(ids: &'a [JobId]) -> Result<Vec<bool>, StoreError>, of ids.len();
    JobStore::get(id: &'a JobId) -> Result<Option<StoredJob>, StoreError>;
    JobStore::list(after: Option<&'a JobCursor>, limit: usize) -> Result<JobRecordPage, StoreError>;
    JobStore::claim_due(
        node: &'a NodeId, now: Timestamp, limit: usize, lease: Duration, filter: &'a TaskFilter
    ) -> Result<Claims, StoreError>;
    JobStore::commit(batch: CommitBatch) -> Result<Vec<CommitOutcome>, StoreError>, of batch.commits.len();
    JobStore::renew(node: &'a NodeId, now: Timestamp, until: Timestamp, filter: &'a TaskFilter)
        -> Result<Renewal, StoreError>;
    JobStore::take_over(
        node: &'a NodeId, from: &'a TakeOverFrom, now: Timestamp, limit: usize, filter: &'a TaskFilter
    ) -> Result<TakeOver, StoreError>;
    JobStore::next_wakeup(filter: &'a TaskFilter) -> Result<Option<Timestamp>, StoreError>;
    JobStore::metadata() -> Result<Metadata, StoreError>;
    JobStore::set_metadata(key: &'a str, value: &'a str) -> Result<(), StoreError>;
    JobStore::discard(record: &'a CorruptRecord) -> Result<bool, StoreError>;
    JobStore::watch() -> Result<Option<Box<dyn ChangeWatch>>, StoreError>;
    JobStore::time() -> Result<Option<Timestamp>, StoreError>;
    RunHistory::read_history(query: &'a HistoryRecordQuery) -> Result<HistoryRecordPage, StoreError>;
    RunHistory::delete_history_before(before: Timestamp, limit: usize) -> Result<u64, StoreError>;
    RunHistory::trim_history(jobs: &'a [JobId], keep: usize, limit: usize) -> Result<u64, StoreError>;
    TransactionalJobs::add_in(transaction: &'a mut CallerTransaction<'_>, records: Vec<NewRecord>)
        -> Result<Vec<AddOutcome>, StoreError>, of records.len();
    TransactionalJobs::get_in(transaction: &'a mut CallerTransaction<'_>, id: &'a JobId)
        -> Result<Option<StoredJob>, StoreError>;
    TransactionalJobs::update_in(
        transaction: &'a mut CallerTransaction<'_>, id: &'a JobId, expected: Revision, update: RecordUpdate
    ) -> Result<Revision, StoreError>;
    TransactionalJobs::remove_in(transaction: &'a mut CallerTransaction<'_>, ids: &'a [JobId])
        -> Result<Vec<bool>, StoreError>, of ids.len();
    TransactionalJobs::add_metadata_in(transaction: &'a mut CallerTransaction<'_>, key: &'a str, value: &'a str)
        -> Result<(), StoreError>;
}

/// Returns the results if their number is `count`.
fn check_len<T>(results: Vec<T>, count: usize) -> Result<Vec<T>, StoreError> {
    if results.len() == count {
        return Ok(results);
    }
    let len = results.len();
    let message = format!("the store returned {len} results for {count} items");
    Err(StoreError::new(StoreErrorKind::Other, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_result_is_an_error() {
        assert_eq!(check_len(vec![true, false], 2).unwrap(), [true, false]);
        let error = check_len(vec![true], 2).unwrap_err();
        assert_eq!(error.to_string(), "the store returned 1 results for 2 items");
    }
}
