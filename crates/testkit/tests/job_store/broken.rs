//! A store that breaks the contract in one way: the memory store, disturbed.

use std::time::Duration;

use punctual_core::{
    AddOutcome, Claim, CommitAction, CommitBatch, CommitOutcome, InFlightRun, JobCursor, JobId,
    JobPage, JobRecord, JobStore, NewRecord, NodeId, OrphanedRun, RecordUpdate, Revision,
    RunHistory, StoreCaps, StoreError, TaskFilter, Timestamp,
};
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::job_store::StoreFixture;

/// What is wrong with the store.
pub(crate) type Fault = u8;

pub(crate) const NONE: Fault = 0;
pub(crate) const IGNORES_FENCES: Fault = 1;
pub(crate) const IGNORES_LIMITS: Fault = 2;
pub(crate) const IGNORES_FILTERS: Fault = 3;
pub(crate) const ROBS_THE_LIVING: Fault = 4;
pub(crate) const CLAIMS_BRIEFLY: Fault = 5;
pub(crate) const LISTS_BACKWARDS: Fault = 6;
pub(crate) const ANSWERS_BACKWARDS: Fault = 7;
pub(crate) const HAS_NO_HISTORY: Fault = 8;
pub(crate) const FORGETS_TO_RECORD: Fault = 9;

#[derive(Clone, Debug)]
pub(crate) struct Broken<const FAULT: Fault>(MemoryJobStore);

impl<const FAULT: Fault> StoreFixture for Broken<FAULT> {
    type Store = Self;

    async fn set_up(_case: &'static str) -> Option<Self> {
        Some(Self(MemoryJobStore::new()))
    }

    async fn open(&self) -> Self {
        self.clone()
    }
}

impl<const FAULT: Fault> Broken<FAULT> {
    fn limit(limit: usize) -> usize {
        if FAULT == IGNORES_LIMITS { usize::MAX } else { limit }
    }

    fn filter(filter: &TaskFilter) -> &TaskFilter {
        if FAULT == IGNORES_FILTERS { &TaskFilter::Any } else { filter }
    }

    fn answers<T>(mut answers: Vec<T>) -> Vec<T> {
        if FAULT == ANSWERS_BACKWARDS {
            answers.reverse();
        }
        answers
    }
}

impl<const FAULT: Fault> JobStore for Broken<FAULT> {
    fn caps(&self) -> StoreCaps {
        self.0.caps()
    }

    async fn start(&self) -> Result<(), StoreError> {
        self.0.start().await
    }

    async fn shutdown(&self) {
        self.0.shutdown().await;
    }

    async fn add(&self, records: Vec<NewRecord>) -> Result<Vec<AddOutcome>, StoreError> {
        self.0.add(records).await.map(Self::answers)
    }

    async fn update(
        &self,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> Result<Revision, StoreError> {
        self.0.update(id, expected, update).await
    }

    async fn remove(&self, id: &JobId) -> Result<bool, StoreError> {
        self.0.remove(id).await
    }

    async fn remove_all(&self) -> Result<u64, StoreError> {
        self.0.remove_all().await
    }

    async fn get(&self, id: &JobId) -> Result<Option<JobRecord>, StoreError> {
        self.0.get(id).await
    }

    async fn list(&self, after: Option<&JobCursor>, limit: usize) -> Result<JobPage, StoreError> {
        let mut page = self.0.list(after, limit).await?;
        if FAULT == LISTS_BACKWARDS {
            page.records.reverse();
        }
        Ok(page)
    }

    async fn claim_due(
        &self,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Vec<Claim>, StoreError> {
        let lease = if FAULT == CLAIMS_BRIEFLY { Duration::ZERO } else { lease };
        self.0.claim_due(now, Self::limit(limit), lease, Self::filter(filter)).await
    }

    async fn commit(&self, mut batch: CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        for commit in &mut batch.commits {
            let clears = matches!(commit.action, CommitAction::ClearRun { .. });
            if FAULT == IGNORES_FENCES
                && !clears
                && let Some(job) = self.0.get(&commit.id).await?
            {
                commit.fence = job.fence;
            }
        }
        if FAULT == FORGETS_TO_RECORD && !batch.commits.is_empty() {
            batch.history.clear();
        }
        self.0.commit(batch).await.map(Self::answers)
    }

    async fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.0.renew(node, now, until).await
    }

    async fn take_over(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<Vec<OrphanedRun>, StoreError> {
        let now = if FAULT == ROBS_THE_LIVING { Timestamp::MAX } else { now };
        self.0.take_over(node, now, Self::limit(limit), Self::filter(filter)).await
    }

    async fn in_flight(&self, id: &JobId) -> Result<Vec<InFlightRun>, StoreError> {
        self.0.in_flight(id).await
    }

    async fn next_wakeup(&self, filter: &TaskFilter) -> Result<Option<Timestamp>, StoreError> {
        self.0.next_wakeup(Self::filter(filter)).await
    }

    async fn notes(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.0.notes().await
    }

    async fn set_note(&self, key: &str, text: &str) -> Result<(), StoreError> {
        self.0.set_note(key, text).await
    }

    fn history(&self) -> Option<&dyn RunHistory> {
        (FAULT != HAS_NO_HISTORY).then_some(&self.0 as _)
    }
}
