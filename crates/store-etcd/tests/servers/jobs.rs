//! Jobs, and calls of stores.

use std::time::Duration;

use punctual_core::{
    AddOutcome, Commit, CommitAction, CommitBatch, CommitOutcome, JobId, JobRecord, JobStore,
    NewRecord, NodeId, Schedule, StoreError, StoreErrorKind, StoredDefinition, TaskFilter,
    TaskName, Timestamp, error_chain,
};
use punctual_store_etcd::EtcdJobStore;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

pub(crate) fn node() -> NodeId {
    NodeId::new("node").expect("a name")
}

pub(crate) fn filter() -> TaskFilter {
    TaskFilter::Only(std::sync::Arc::new([task()].into()))
}

fn task() -> TaskName {
    TaskName::new("task").expect("a name")
}

/// A job that is due, with a definition of this size.
pub(crate) fn job(id: &str, size: usize) -> NewRecord {
    NewRecord {
        id: JobId::new(id).expect("an id"),
        task: task(),
        definition: StoredDefinition::from(vec![b'x'; size]),
        schedule: Some(Schedule::at(at(0))),
    }
}

pub(crate) async fn add(store: &EtcdJobStore, ids: &[&str]) -> Result<(), StoreError> {
    let outcomes = store.add(ids.iter().map(|id| job(id, 10)).collect()).await?;
    assert!(outcomes.iter().all(|outcome| *outcome == AddOutcome::Added));
    Ok(())
}

pub(crate) async fn claim(store: &EtcdJobStore) -> Result<Vec<JobRecord>, StoreError> {
    claim_at(store, at(1)).await
}

/// Claims all jobs that are due at this time, for [`CLAIM_LEASE`].
pub(crate) async fn claim_at(
    store: &EtcdJobStore,
    now: Timestamp,
) -> Result<Vec<JobRecord>, StoreError> {
    let mut records = Vec::new();
    loop {
        // One call returns no more than fits into a response.
        let claims = store.claim_due(&node(), now, 100, CLAIM_LEASE, &filter()).await?;
        records.extend(claims.records);
        if !claims.has_more {
            return Ok(records);
        }
    }
}

/// The duration of claims.
pub(crate) const CLAIM_LEASE: Duration = Duration::from_secs(30);

/// Commits claims, after which the jobs are due at this time.
pub(crate) async fn advance(
    store: &EtcdJobStore,
    claims: &[JobRecord],
    due: Timestamp,
) -> Result<(), StoreError> {
    let commit = |record: &JobRecord| {
        let schedule = Schedule::at(due);
        let action = CommitAction::Advance { schedule, fire_count: 1, start: Vec::new() };
        Commit { id: record.id.clone(), fence: record.fence, action }
    };
    let batch = CommitBatch::from(claims.iter().map(commit).collect::<Vec<_>>());
    let outcomes = store.commit(batch).await?;
    assert!(outcomes.iter().all(|outcome| *outcome == CommitOutcome::Done), "{outcomes:?}");
    Ok(())
}

/// The ids of all jobs, sorted.
pub(crate) async fn ids(store: &EtcdJobStore) -> Vec<String> {
    let page = store.list(None, 1_000).await.expect("a page");
    let mut ids: Vec<_> = page.records.iter().map(|record| record.id.to_string()).collect();
    ids.sort();
    ids
}

/// A started store on the servers of a URL.
pub(crate) async fn started(url: &str) -> EtcdJobStore {
    let store = EtcdJobStore::open(url).expect("valid options");
    store.start().await.expect("the store starts");
    store
}

/// Checks the kind and the text of an error, which must contain no password and no address.
pub(crate) fn check_error(error: &StoreError, kind: StoreErrorKind, text: &str) {
    let shown = format!("{} {error:?}", error_chain(error));
    assert_eq!(error.kind(), kind, "{shown}");
    assert!(shown.contains(text), "{shown}");
    assert!(!shown.contains("hunter2") && !shown.contains("127.0.0.1"), "{shown}");
}
