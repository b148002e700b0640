//! Jobs, and calls of a store with them, for tests that the suite does not contain: those of a server that is away, full,
//! or rejects a login.
//!
//! All jobs have the task `work`, and are due at [`at`]`(0)`.
//!
//! # Examples
//!
//! ```
//! use punctual_core::StoreError;
//! use punctual_store_memory::MemoryJobStore;
//! use punctual_testkit::calls::{add, advance, at, claim, ids};
//!
//! # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
//! let store = MemoryJobStore::new();
//! add(&store, &["a", "b"]).await?;
//! let claims = claim(&store, at(0)).await?;
//! advance(&store, &claims, at(60)).await?;
//! assert!(claim(&store, at(59)).await?.is_empty());
//! assert_eq!(ids(&store).await, ["a", "b"]);
//! # Ok::<(), StoreError>(())
//! # })?;
//! # Ok::<(), StoreError>(())
//! ```

use std::time::Duration;

use punctual_core::{
    AddOutcome, Commit, CommitAction, CommitBatch, CommitOutcome, HistoryRecord, JobRecord,
    JobStore, NewRecord, NodeId, OutcomeKind, RunId, StoreError, StoredDefinition, TaskFilter,
    Timestamp,
};

use crate::job_store::builders;

/// The duration of claims: 30 seconds.
pub const LEASE: Duration = builders::LEASE;

/// The maximum number of jobs that are claimed by one call.
const CLAIM_LIMIT: usize = 1_000;

/// Returns the instant that many seconds after 2026-03-02 12:00:00 UTC.
#[must_use]
pub fn at(seconds: i64) -> Timestamp {
    builders::at(seconds)
}

/// Returns the node that claims.
#[must_use]
pub fn node() -> NodeId {
    builders::node("here")
}

/// Returns the filter by which jobs are claimed: only those with the task `work`.
#[must_use]
pub fn filter() -> TaskFilter {
    builders::only(&["work"])
}

/// Returns a new job with a definition of this size in bytes.
///
/// # Panics
///
/// If the id is not valid.
#[must_use]
pub fn job(id: &str, size: usize) -> NewRecord {
    NewRecord { definition: StoredDefinition::from(vec![b'x'; size]), ..builders::due(id, at(0)) }
}

/// Adds jobs, each with a definition of ten bytes.
///
/// # Errors
///
/// Returns the error of the store.
///
/// # Panics
///
/// If one of them exists.
pub async fn add(store: &impl JobStore, ids: &[&str]) -> Result<(), StoreError> {
    let outcomes = store.add(ids.iter().map(|id| job(id, 10)).collect()).await?;
    assert_eq!(outcomes, vec![AddOutcome::Added; ids.len()]);
    Ok(())
}

/// Claims all jobs that are due at this instant.
///
/// # Errors
///
/// Returns the first error of the store.
pub async fn claim(store: &impl JobStore, now: Timestamp) -> Result<Vec<JobRecord>, StoreError> {
    let mut records = Vec::new();
    loop {
        // A store may return fewer than the limit, because replies are limited.
        let claims = store.claim_due(&node(), now, CLAIM_LIMIT, LEASE, &filter()).await?;
        records.extend(claims.records);
        if !claims.has_more {
            return Ok(records);
        }
    }
}

/// Commits an action for each of these claims, with a history entry for each.
///
/// # Errors
///
/// Returns the error of the store.
pub async fn commit(
    store: &impl JobStore,
    claims: &[JobRecord],
    action: impl Fn(&JobRecord) -> CommitAction,
) -> Result<Vec<CommitOutcome>, StoreError> {
    let commit = |claim: &JobRecord| Commit {
        id: claim.id.clone(),
        fence: claim.fence,
        action: action(claim),
    };
    let commits = claims.iter().map(commit).collect();
    store.commit(CommitBatch::new(commits, claims.iter().map(succeeded).collect())).await
}

/// Returns the action after which a job is due at this instant, without a recorded run.
pub fn advancing(due: Timestamp) -> impl Fn(&JobRecord) -> CommitAction {
    move |_| builders::advance(due, 1)
}

/// Commits these claims, so that the jobs are due at this instant, with a history entry for each.
///
/// # Errors
///
/// Returns the error of the store.
///
/// # Panics
///
/// If one of the claims is no longer valid.
pub async fn advance(
    store: &impl JobStore,
    claims: &[JobRecord],
    due: Timestamp,
) -> Result<(), StoreError> {
    let outcomes = commit(store, claims, advancing(due)).await?;
    assert_eq!(outcomes, vec![CommitOutcome::Done; claims.len()]);
    Ok(())
}

/// Returns the ids of all jobs, sorted.
///
/// # Panics
///
/// If a job, or the list, can't be read.
pub async fn ids(store: &impl JobStore) -> Vec<String> {
    let page = store.list(None, usize::MAX).await.expect("listing works");
    assert_eq!(page.corrupt, []);
    let mut ids: Vec<_> = page.records.iter().map(|record| record.id.to_string()).collect();
    ids.sort();
    ids
}

/// The history entry of a run that has succeeded.
fn succeeded(claim: &JobRecord) -> HistoryRecord {
    HistoryRecord {
        run_id: RunId::random(),
        attempt: 1,
        job_id: claim.id.clone(),
        task: claim.task.clone(),
        node: node(),
        scheduled_time: at(0),
        started: Some(at(0)),
        finished: at(1),
        outcome: OutcomeKind::Success,
        error: None,
    }
}
