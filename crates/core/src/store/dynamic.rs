//! The one place where store futures are boxed.

use std::time::Duration;

use super::{
    AddOutcome, CallerTransaction, Claims, CommitBatch, CommitOutcome, CorruptRecord, HistoryPage,
    HistoryQuery, JobCursor, JobPage, JobStore, Metadata, NewRecord, NodeId, RecordUpdate, Renewal,
    Revision, RunHistory, StoreCaps, StoreError, StoreErrorKind, StoredJob, TakeOver, TaskFilter,
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

/// Writes the methods that are futures, for the trait and for all stores. Of those that return an answer for each
/// of several things, `of` says how many there are: callers rely on it.
macro_rules! dyn_job_store {
    (@call $call:expr) => {
        $call
    };
    (@call $call:expr, $count:expr) => {{
        let (count, call) = ($count, $call);
        async move { call.await.and_then(|answers| counted(answers, count)) }
    }};
    ($($of:ident::$name:ident($($arg:ident: $ty:ty),*) -> $answer:ty $(, of $count:expr)?;)*) => {
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
                    Box::pin(dyn_job_store!(@call $of::$name(self, $($arg),*) $(, $count)?))
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
    JobStore::list(after: Option<&'a JobCursor>, limit: usize) -> Result<JobPage, StoreError>;
    JobStore::claim_due(
        node: &'a NodeId, now: Timestamp, limit: usize, lease: Duration, filter: &'a TaskFilter
    ) -> Result<Claims, StoreError>;
    JobStore::commit(batch: CommitBatch) -> Result<Vec<CommitOutcome>, StoreError>, of batch.commits.len();
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

/// The answers of a store, if there is one for each thing that it was asked for.
fn counted<T>(answers: Vec<T>, count: usize) -> Result<Vec<T>, StoreError> {
    if answers.len() == count {
        return Ok(answers);
    }
    let answered = answers.len();
    let message = format!("the store returned {answered} answers to {count} questions");
    Err(StoreError::new(StoreErrorKind::Other, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_missing_is_an_error() {
        assert_eq!(counted(vec![true, false], 2).unwrap(), [true, false]);
        let error = counted(vec![true], 2).unwrap_err();
        assert_eq!(error.to_string(), "the store returned 1 answers to 2 questions");
    }
}
