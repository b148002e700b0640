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

/// A [`JobStore`] of any type; implemented for all of them, by nobody else.
///
/// The methods are those of [`JobStore`], with boxed futures.
pub trait DynJobStore: Send + Sync + 'static {
    /// See [`JobStore::caps`].
    fn caps(&self) -> StoreCaps;

    /// See [`JobStore::start`].
    fn start<'a>(&'a self) -> BoxFuture<'a, Result<(), StoreError>>;

    /// See [`JobStore::shutdown`].
    fn shutdown<'a>(&'a self) -> BoxFuture<'a, ()>;

    /// See [`JobStore::add`].
    fn add<'a>(
        &'a self,
        records: Vec<NewRecord>,
    ) -> BoxFuture<'a, Result<Vec<AddOutcome>, StoreError>>;

    /// See [`JobStore::update`].
    fn update<'a>(
        &'a self,
        id: &'a JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> BoxFuture<'a, Result<Revision, StoreError>>;

    /// See [`JobStore::remove`].
    fn remove<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// See [`JobStore::remove_all`].
    fn remove_all<'a>(&'a self) -> BoxFuture<'a, Result<u64, StoreError>>;

    /// See [`JobStore::get`].
    fn get<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<Option<JobRecord>, StoreError>>;

    /// See [`JobStore::list`].
    fn list<'a>(
        &'a self,
        after: Option<&'a JobCursor>,
        limit: usize,
    ) -> BoxFuture<'a, Result<JobPage, StoreError>>;

    /// See [`JobStore::claim_due`].
    fn claim_due<'a>(
        &'a self,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &'a TaskFilter,
    ) -> BoxFuture<'a, Result<Vec<Claim>, StoreError>>;

    /// See [`JobStore::commit`].
    fn commit<'a>(
        &'a self,
        batch: CommitBatch,
    ) -> BoxFuture<'a, Result<Vec<CommitOutcome>, StoreError>>;

    /// See [`JobStore::renew`].
    fn renew<'a>(
        &'a self,
        node: &'a NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &'a TaskFilter,
    ) -> BoxFuture<'a, Result<Renewal, StoreError>>;

    /// See [`JobStore::take_over`].
    fn take_over<'a>(
        &'a self,
        node: &'a NodeId,
        now: Timestamp,
        limit: usize,
        filter: &'a TaskFilter,
    ) -> BoxFuture<'a, Result<Vec<OrphanedRun>, StoreError>>;

    /// See [`JobStore::in_flight`].
    fn in_flight<'a>(
        &'a self,
        id: &'a JobId,
    ) -> BoxFuture<'a, Result<Vec<InFlightRun>, StoreError>>;

    /// See [`JobStore::next_wakeup`].
    fn next_wakeup<'a>(
        &'a self,
        filter: &'a TaskFilter,
    ) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>>;

    /// See [`JobStore::notes`].
    fn notes<'a>(&'a self) -> BoxFuture<'a, Result<Vec<(String, String)>, StoreError>>;

    /// See [`JobStore::set_note`].
    fn set_note<'a>(&'a self, key: &'a str, text: &'a str)
    -> BoxFuture<'a, Result<(), StoreError>>;

    /// See [`JobStore::watch`].
    fn watch<'a>(&'a self) -> BoxFuture<'a, Result<Option<Box<dyn ChangeWatch>>, StoreError>>;

    /// See [`JobStore::time`].
    fn time<'a>(&'a self) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>>;

    /// See [`JobStore::history`].
    fn history(&self) -> Option<&dyn RunHistory>;

    /// See [`JobStore::transactional`].
    fn transactional(&self) -> Option<&dyn TransactionalJobs>;
}

impl<S: JobStore> DynJobStore for S {
    fn caps(&self) -> StoreCaps {
        JobStore::caps(self)
    }

    fn start<'a>(&'a self) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(JobStore::start(self))
    }

    fn shutdown<'a>(&'a self) -> BoxFuture<'a, ()> {
        Box::pin(JobStore::shutdown(self))
    }

    fn add<'a>(
        &'a self,
        records: Vec<NewRecord>,
    ) -> BoxFuture<'a, Result<Vec<AddOutcome>, StoreError>> {
        Box::pin(JobStore::add(self, records))
    }

    fn update<'a>(
        &'a self,
        id: &'a JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> BoxFuture<'a, Result<Revision, StoreError>> {
        Box::pin(JobStore::update(self, id, expected, update))
    }

    fn remove<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(JobStore::remove(self, id))
    }

    fn remove_all<'a>(&'a self) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(JobStore::remove_all(self))
    }

    fn get<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<Option<JobRecord>, StoreError>> {
        Box::pin(JobStore::get(self, id))
    }

    fn list<'a>(
        &'a self,
        after: Option<&'a JobCursor>,
        limit: usize,
    ) -> BoxFuture<'a, Result<JobPage, StoreError>> {
        Box::pin(JobStore::list(self, after, limit))
    }

    fn claim_due<'a>(
        &'a self,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &'a TaskFilter,
    ) -> BoxFuture<'a, Result<Vec<Claim>, StoreError>> {
        Box::pin(JobStore::claim_due(self, now, limit, lease, filter))
    }

    fn commit<'a>(
        &'a self,
        batch: CommitBatch,
    ) -> BoxFuture<'a, Result<Vec<CommitOutcome>, StoreError>> {
        Box::pin(JobStore::commit(self, batch))
    }

    fn renew<'a>(
        &'a self,
        node: &'a NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &'a TaskFilter,
    ) -> BoxFuture<'a, Result<Renewal, StoreError>> {
        Box::pin(JobStore::renew(self, node, now, until, filter))
    }

    fn take_over<'a>(
        &'a self,
        node: &'a NodeId,
        now: Timestamp,
        limit: usize,
        filter: &'a TaskFilter,
    ) -> BoxFuture<'a, Result<Vec<OrphanedRun>, StoreError>> {
        Box::pin(JobStore::take_over(self, node, now, limit, filter))
    }

    fn in_flight<'a>(
        &'a self,
        id: &'a JobId,
    ) -> BoxFuture<'a, Result<Vec<InFlightRun>, StoreError>> {
        Box::pin(JobStore::in_flight(self, id))
    }

    fn next_wakeup<'a>(
        &'a self,
        filter: &'a TaskFilter,
    ) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>> {
        Box::pin(JobStore::next_wakeup(self, filter))
    }

    fn notes<'a>(&'a self) -> BoxFuture<'a, Result<Vec<(String, String)>, StoreError>> {
        Box::pin(JobStore::notes(self))
    }

    fn set_note<'a>(
        &'a self,
        key: &'a str,
        text: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(JobStore::set_note(self, key, text))
    }

    fn watch<'a>(&'a self) -> BoxFuture<'a, Result<Option<Box<dyn ChangeWatch>>, StoreError>> {
        Box::pin(JobStore::watch(self))
    }

    fn time<'a>(&'a self) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>> {
        Box::pin(JobStore::time(self))
    }

    fn history(&self) -> Option<&dyn RunHistory> {
        JobStore::history(self)
    }

    fn transactional(&self) -> Option<&dyn TransactionalJobs> {
        JobStore::transactional(self)
    }
}
