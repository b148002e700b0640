//! The one place where store futures are boxed.

use std::time::Duration;

use super::{
    AddOutcome, Claim, CommitBatch, CommitOutcome, InFlightRun, JobCursor, JobPage, JobRecord,
    JobStore, NewRecord, NodeId, OrphanedRun, RecordUpdate, Renewal, Revision, RunHistory,
    StoreCaps, StoreError, TaskFilter, TransactionalJobs,
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
    ($($name:ident($($arg:ident: $ty:ty),*) -> $answer:ty;)*) => {
        /// A [`JobStore`] of any type; implemented for all of them, by nobody else.
        ///
        /// The methods are those of [`JobStore`], with boxed futures.
        pub trait DynJobStore: Send + Sync + 'static {
            /// See [`JobStore::caps`].
            fn caps(&self) -> StoreCaps;

            $(
                #[doc = concat!("See [`JobStore::", stringify!($name), "`].")]
                fn $name<'a>(&'a self, $($arg: $ty),*) -> BoxFuture<'a, $answer>;
            )*

            /// See [`JobStore::generation`].
            fn generation(&self) -> u64;

            /// See [`JobStore::history`].
            fn history(&self) -> Option<&dyn RunHistory>;

            /// See [`JobStore::transactional`].
            fn transactional(&self) -> Option<&dyn TransactionalJobs>;
        }

        impl<S: JobStore> DynJobStore for S {
            fn caps(&self) -> StoreCaps {
                JobStore::caps(self)
            }

            $(
                fn $name<'a>(&'a self, $($arg: $ty),*) -> BoxFuture<'a, $answer> {
                    Box::pin(JobStore::$name(self, $($arg),*))
                }
            )*

            fn generation(&self) -> u64 {
                JobStore::generation(self)
            }

            fn history(&self) -> Option<&dyn RunHistory> {
                JobStore::history(self)
            }

            fn transactional(&self) -> Option<&dyn TransactionalJobs> {
                JobStore::transactional(self)
            }
        }
    };
}

dyn_job_store! {
    start() -> Result<(), StoreError>;
    shutdown() -> ();
    add(records: Vec<NewRecord>) -> Result<Vec<AddOutcome>, StoreError>;
    update(id: &'a JobId, expected: Revision, update: RecordUpdate) -> Result<Revision, StoreError>;
    remove(id: &'a JobId) -> Result<bool, StoreError>;
    remove_all() -> Result<u64, StoreError>;
    get(id: &'a JobId) -> Result<Option<JobRecord>, StoreError>;
    list(after: Option<&'a JobCursor>, limit: usize) -> Result<JobPage, StoreError>;
    claim_due(now: Timestamp, limit: usize, lease: Duration, filter: &'a TaskFilter)
        -> Result<Vec<Claim>, StoreError>;
    commit(batch: CommitBatch) -> Result<Vec<CommitOutcome>, StoreError>;
    renew(node: &'a NodeId, now: Timestamp, until: Timestamp, filter: &'a TaskFilter)
        -> Result<Renewal, StoreError>;
    take_over(node: &'a NodeId, now: Timestamp, limit: usize, filter: &'a TaskFilter)
        -> Result<Vec<OrphanedRun>, StoreError>;
    in_flight(id: &'a JobId) -> Result<Vec<InFlightRun>, StoreError>;
    next_wakeup(filter: &'a TaskFilter) -> Result<Option<Timestamp>, StoreError>;
    notes() -> Result<Vec<(String, String)>, StoreError>;
    set_note(key: &'a str, text: &'a str) -> Result<(), StoreError>;
    watch() -> Result<Option<Box<dyn ChangeWatch>>, StoreError>;
    time() -> Result<Option<Timestamp>, StoreError>;
}
