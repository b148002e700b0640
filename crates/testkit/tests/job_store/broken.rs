//! A layer over the memory store with one selectable violation of the contract.

use std::time::Duration;

use punctual_core::{
    AddOutcome, Claims, CommitAction, CommitBatch, CommitOutcome, DynJobStore, HistoryRecordPage,
    HistoryRecordQuery, JobCursor, JobRecordPage, NewRecord, NodeId, StoreCaps, StoreError,
    TakeOver, TakeOverFrom, TaskFilter, Timestamp,
};
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::job_store::StoreFixture;
use punctual_testkit::{Layered, StoreLayer};

/// A violation of the contract.
pub(crate) type Fault = u8;

pub(crate) const NONE: Fault = 0;
pub(crate) const IGNORES_FENCES: Fault = 1;
pub(crate) const IGNORES_LIMITS: Fault = 2;
pub(crate) const IGNORES_FILTERS: Fault = 3;
pub(crate) const TAKES_OVER_FROM_LIVE_NODES: Fault = 4;
pub(crate) const IGNORES_LEASE_DURATIONS: Fault = 5;
pub(crate) const REVERSES_LISTS: Fault = 6;
pub(crate) const REVERSES_OUTCOMES: Fault = 7;
pub(crate) const DECLARES_A_CLOCK: Fault = 8;
pub(crate) const DROPS_HISTORY_ENTRIES: Fault = 9;
pub(crate) const CLAIMS_FOR_ANOTHER_NODE: Fault = 10;
pub(crate) const RETURNS_NO_HISTORY: Fault = 11;
pub(crate) const NEVER_RETURNS_HAS_MORE: Fault = 12;

pub(crate) struct BrokenLayer<const FAULT: Fault>(MemoryJobStore);

pub(crate) struct Broken<const FAULT: Fault>(MemoryJobStore);

impl<const FAULT: Fault> StoreFixture for Broken<FAULT> {
    type Store = Layered<BrokenLayer<FAULT>>;

    async fn set_up(_case: &'static str) -> Option<Self> {
        Some(Self(MemoryJobStore::new()))
    }

    async fn open(&self) -> Self::Store {
        Layered(BrokenLayer(self.0.clone()))
    }
}

impl<const FAULT: Fault> BrokenLayer<FAULT> {
    fn limit(limit: usize) -> usize {
        if FAULT == IGNORES_LIMITS { usize::MAX } else { limit }
    }

    fn filter(filter: &TaskFilter) -> &TaskFilter {
        if FAULT == IGNORES_FILTERS { &TaskFilter::Any } else { filter }
    }

    fn outcomes<T>(mut outcomes: Vec<T>) -> Vec<T> {
        if FAULT == REVERSES_OUTCOMES {
            outcomes.reverse();
        }
        outcomes
    }
}

impl<const FAULT: Fault> StoreLayer for BrokenLayer<FAULT> {
    fn inner(&self) -> &dyn DynJobStore {
        &self.0
    }

    fn caps(&self) -> StoreCaps {
        let caps = self.inner().caps();
        if FAULT == DECLARES_A_CLOCK { caps.with_clock() } else { caps }
    }

    async fn add(&self, records: Vec<NewRecord>) -> Result<Vec<AddOutcome>, StoreError> {
        self.inner().add(records).await.map(Self::outcomes)
    }

    async fn list(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<JobRecordPage, StoreError> {
        let mut page = self.inner().list(after, limit).await?;
        if FAULT == REVERSES_LISTS {
            page.records.reverse();
        }
        Ok(page)
    }

    async fn claim_due(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Claims, StoreError> {
        let lease = if FAULT == IGNORES_LEASE_DURATIONS { Duration::ZERO } else { lease };
        let another = NodeId::random();
        let node = if FAULT == CLAIMS_FOR_ANOTHER_NODE { &another } else { node };
        let (limit, filter) = (Self::limit(limit), Self::filter(filter));
        let mut claims = self.inner().claim_due(node, now, limit, lease, filter).await?;
        claims.has_more &= FAULT != NEVER_RETURNS_HAS_MORE;
        Ok(claims)
    }

    async fn commit(&self, mut batch: CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        for commit in &mut batch.commits {
            let clears = matches!(commit.action, CommitAction::ClearRun { .. });
            if FAULT == IGNORES_FENCES
                && !clears
                && let Some(job) = self.inner().get(&commit.id).await?
            {
                commit.fence = job.record.fence;
            }
        }
        if FAULT == DROPS_HISTORY_ENTRIES && !batch.commits.is_empty() {
            batch.history.clear();
        }
        self.inner().commit(batch).await.map(Self::outcomes)
    }

    async fn take_over(
        &self,
        node: &NodeId,
        from: &TakeOverFrom,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<TakeOver, StoreError> {
        let now = if FAULT == TAKES_OVER_FROM_LIVE_NODES { Timestamp::MAX } else { now };
        self.inner().take_over(node, from, now, Self::limit(limit), Self::filter(filter)).await
    }

    async fn next_wakeup(&self, filter: &TaskFilter) -> Result<Option<Timestamp>, StoreError> {
        self.inner().next_wakeup(Self::filter(filter)).await
    }

    async fn read_history(
        &self,
        query: &HistoryRecordQuery,
    ) -> Result<HistoryRecordPage, StoreError> {
        if FAULT == RETURNS_NO_HISTORY {
            return Ok(HistoryRecordPage::default());
        }
        self.inner().read_history(query).await
    }
}
