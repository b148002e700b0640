//! Jobs and their claims.

use std::time::Duration;

use punctual_core::{
    AddOutcome, Commit, CommitAction, CommitBatch, CommitOutcome, HistoryRecord, JobId, JobRecord,
    JobStore, NewRecord, NodeId, OutcomeKind, RunId, Schedule, StoreError, StoredDefinition,
    TaskFilter, TaskName, Timestamp,
};
use punctual_store_mongodb::MongoDbJobStore;

pub(crate) const LEASE: Duration = Duration::from_secs(30);

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_772_452_800 + seconds)
}

pub(crate) fn node() -> NodeId {
    NodeId::new("here").expect("a valid id")
}

pub(crate) fn job(name: &str) -> NewRecord {
    NewRecord {
        id: JobId::new(name).expect("a valid id"),
        task: TaskName::new("work").expect("a valid name"),
        definition: StoredDefinition::from(&b"{}"[..]),
        schedule: Some(Schedule::at(at(0))),
    }
}

pub(crate) async fn started(url: String) -> MongoDbJobStore {
    let store = MongoDbJobStore::open(url).expect("a valid URL");
    store.start().await.expect("the store starts");
    store
}

pub(crate) async fn add(
    store: &MongoDbJobStore,
    names: &[&str],
) -> Result<Vec<AddOutcome>, StoreError> {
    store.add(names.iter().map(|name| job(name)).collect()).await
}

/// Claims all jobs that are due at this instant.
pub(crate) async fn claim(
    store: &MongoDbJobStore,
    now: Timestamp,
) -> Result<Vec<JobRecord>, StoreError> {
    Ok(store.claim_due(&node(), now, 1_000, LEASE, &TaskFilter::Any).await?.records)
}

/// Settles these claims, with an entry of the history for each.
pub(crate) async fn commit(
    store: &MongoDbJobStore,
    claims: &[JobRecord],
    action: CommitAction,
) -> Result<Vec<CommitOutcome>, StoreError> {
    let commit = |claim: &JobRecord| Commit {
        id: claim.id.clone(),
        fence: claim.fence,
        action: action.clone(),
    };
    let entry = |claim: &JobRecord| HistoryRecord {
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
    };
    let (commits, history) = (claims.iter().map(commit), claims.iter().map(entry));
    store.commit(CommitBatch::new(commits.collect(), history.collect())).await
}

/// The action of a job that is due again after a minute.
pub(crate) fn advance() -> CommitAction {
    CommitAction::Advance { schedule: Schedule::at(at(60)), fire_count: 1, start: Vec::new() }
}

/// The ids of all jobs, in the order of their run times.
pub(crate) async fn ids(store: &MongoDbJobStore) -> Vec<String> {
    let page = store.list(None, 1_000).await.expect("a page");
    page.records.iter().map(|record| record.id.to_string()).collect()
}
