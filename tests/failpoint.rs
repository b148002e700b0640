//! A store wrapper that blocks at a chosen point, so that a process can be killed or suspended exactly there.

use std::sync::Arc;
use std::time::Duration;

use punctual::core::{
    Claims, Commit, CommitAction, CommitBatch, CommitOutcome, Renewal, TakeOver, TakeOverFrom,
    TaskFilter,
};
use punctual::{DynJobStore, NodeId, StoreError, Timestamp};
use punctual_testkit::StoreLayer;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// A point at which a process blocks; it prints `halted` there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failpoint {
    /// Jobs have been claimed; no plan has been committed.
    Claimed,
    /// The plan of claimed jobs has been committed; their runs have not started, except those that start under a claim.
    Committed,
    /// A run has finished; its record has not been cleared yet.
    Finished,
    /// The record of a finished run has been cleared.
    Cleared,
    /// Runs of an expired node have been taken over; they have not started again.
    TakenOver,
    /// The node's lease has been renewed.
    Renewed,
}

/// The point at which the process blocks, if any; the process continues when the value changes.
#[derive(Clone, Debug)]
pub struct FailpointControl(pub watch::Sender<Option<Failpoint>>);

/// A store layer that blocks at the chosen point.
pub struct FailpointLayer {
    /// The wrapped store.
    pub store: Arc<dyn DynJobStore>,
    /// The chosen point.
    pub failpoint: FailpointControl,
}

impl FailpointLayer {
    async fn block_at(&self, at: Failpoint, applies: bool) {
        if applies && *self.failpoint.0.borrow() == Some(at) {
            println!("halted");
            // Fails only if the sender was dropped, but `self` owns it.
            let _ = self.failpoint.0.subscribe().wait_for(|now| *now != Some(at)).await;
        }
    }
}

impl std::fmt::Debug for FailpointLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("FailpointLayer").field(&self.failpoint).finish()
    }
}

impl StoreLayer for FailpointLayer {
    fn inner(&self) -> &dyn DynJobStore {
        &*self.store
    }

    async fn claim_due(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Claims, StoreError> {
        let claims = self.store.claim_due(node, now, limit, lease, filter).await?;
        self.block_at(Failpoint::Claimed, !claims.records.is_empty()).await;
        Ok(claims)
    }

    async fn commit(&self, batch: CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        let clears = |commit: &Commit| matches!(commit.action, CommitAction::ClearRun { .. });
        let (clear, plan) = (batch.commits.iter().any(clears), !batch.commits.iter().all(clears));
        self.block_at(Failpoint::Finished, clear).await;
        let outcomes = self.store.commit(batch).await?;
        self.block_at(Failpoint::Committed, plan).await;
        self.block_at(Failpoint::Cleared, clear).await;
        Ok(outcomes)
    }

    async fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> Result<Renewal, StoreError> {
        let renewal = self.store.renew(node, now, until, filter).await?;
        self.block_at(Failpoint::Renewed, true).await;
        Ok(renewal)
    }

    async fn take_over(
        &self,
        node: &NodeId,
        from: &TakeOverFrom,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<TakeOver, StoreError> {
        let taken = self.store.take_over(node, from, now, limit, filter).await?;
        self.block_at(Failpoint::TakenOver, !taken.runs.is_empty()).await;
        Ok(taken)
    }
}
