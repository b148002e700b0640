//! The public store type. Its methods acquire the lock and call the methods of `State`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{
    AddOutcome, Claims, CommitBatch, CommitOutcome, CorruptRecord, HistoryRecordPage,
    HistoryRecordQuery, JobCursor, JobId, JobRecordPage, JobStore, Metadata, NewRecord, NodeId,
    RecordUpdate, Renewal, Revision, RunHistory, StoreCaps, StoreError, StoredJob, TakeOver,
    TakeOverFrom, TaskFilter, Timestamp, TransactionalJobs,
};

use crate::state::State;

/// Stores jobs in the memory of this process.
///
/// Clones share the same jobs, so that several schedulers of one process can use them. The jobs are kept when a
/// scheduler shuts down, and are available when it restarts; they are dropped with the last clone.
///
/// Adding, claiming and committing take logarithmic time in the number of jobs. A page of
/// [`list`](JobStore::list) takes linear time, because an index for it would increase the memory per job and the cost
/// of each commit. Large pages are therefore more efficient than many small ones.
///
/// ```
/// use punctual_core::{StoredDefinition, JobId, JobStore, NewRecord, Schedule, TaskFilter, TaskName, Timestamp};
/// use punctual_store_memory::MemoryJobStore;
///
/// # pollster::block_on(async {
/// let store = MemoryJobStore::new();
/// let job = NewRecord {
///     id: JobId::new("mail")?,
///     task: TaskName::new("send_mail")?,
///     definition: StoredDefinition::from(&b"{}"[..]),
///     schedule: Some(Schedule::at(Timestamp::from_seconds(60))),
/// };
/// store.add(vec![job]).await?;
/// assert_eq!(store.next_wakeup(&TaskFilter::Any).await?, Some(Timestamp::from_seconds(60)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct MemoryJobStore {
    // Never held across an await: every method is one short critical section.
    pub(crate) state: Arc<Mutex<State>>,
}

impl MemoryJobStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for MemoryJobStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryJobStore").finish_non_exhaustive()
    }
}

impl JobStore for MemoryJobStore {
    fn caps(&self) -> StoreCaps {
        StoreCaps::memory().with_history()
    }

    async fn start(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn shutdown(&self) {}

    async fn add(&self, records: Vec<NewRecord>) -> Result<Vec<AddOutcome>, StoreError> {
        let mut state = self.state.lock();
        Ok(records.into_iter().map(|new| state.jobs.add(new)).collect())
    }

    async fn update(
        &self,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> Result<Revision, StoreError> {
        self.state.lock().jobs.update(id, expected, update)
    }

    async fn remove(&self, ids: &[JobId]) -> Result<Vec<bool>, StoreError> {
        let removed = self.state.lock().remove(ids);
        // Dropped after the lock is released, because many small deallocations take some time.
        Ok(removed.iter().map(Option::is_some).collect())
    }

    async fn get(&self, id: &JobId) -> Result<Option<StoredJob>, StoreError> {
        Ok(self.state.lock().jobs.get(id).cloned())
    }

    async fn list(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<JobRecordPage, StoreError> {
        Ok(self.state.lock().jobs.list(after, limit))
    }

    async fn claim_due(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Claims, StoreError> {
        Ok(self.state.lock().jobs.claim_due(node, now, limit, lease, filter))
    }

    async fn commit(&self, batch: CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        let mut state = self.state.lock();
        state.history.record(batch.history);
        Ok(batch.commits.into_iter().map(|commit| state.jobs.commit(commit)).collect())
    }

    async fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> Result<Renewal, StoreError> {
        Ok(self.state.lock().renew(node, now, until, filter))
    }

    async fn take_over(
        &self,
        node: &NodeId,
        from: &TakeOverFrom,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<TakeOver, StoreError> {
        Ok(self.state.lock().take_over(node, from, now, limit, filter))
    }

    async fn next_wakeup(&self, filter: &TaskFilter) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.state.lock().jobs.next_wakeup(filter))
    }

    async fn metadata(&self) -> Result<Metadata, StoreError> {
        Ok(self.state.lock().metadata())
    }

    async fn set_metadata(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.state.lock().set_metadata(key, value);
        Ok(())
    }

    /// Jobs in memory are never corrupt.
    async fn discard(&self, _record: &CorruptRecord) -> Result<bool, StoreError> {
        Ok(false)
    }
}

impl RunHistory for MemoryJobStore {
    async fn read_history(
        &self,
        query: &HistoryRecordQuery,
    ) -> Result<HistoryRecordPage, StoreError> {
        Ok(self.state.lock().history.read(query))
    }

    async fn delete_history_before(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<u64, StoreError> {
        Ok(self.state.lock().history.remove_before(before, limit))
    }

    async fn trim_history(
        &self,
        jobs: &[JobId],
        keep: usize,
        limit: usize,
    ) -> Result<u64, StoreError> {
        Ok(self.state.lock().history.remove_beyond(jobs, keep, limit))
    }
}

impl TransactionalJobs for MemoryJobStore {}
