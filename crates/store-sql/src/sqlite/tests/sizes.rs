//! What is large, and what is odd.

use punctual_core::{
    Commit, CommitAction, CommitBatch, CommitOutcome, Encoded, Fence, InFlightRun, JobRecord,
    JobStore, NodeId, RunId, TaskFilter, Timestamp,
};

use super::super::SqliteJobStore;
use super::{at, claim, due};
use crate::testing::{remove_all, run};

async fn started() -> SqliteJobStore {
    let store = SqliteJobStore::in_memory().unwrap();
    store.start().await.unwrap();
    store
}

#[tokio::test]
async fn a_mebibyte_of_arguments_and_the_year_9999() {
    let store = started().await;
    let mut large = due(&"😀".repeat(191), Timestamp::MAX);
    large.definition = Encoded::from(vec![0xFF; 1 << 20]);
    // More than one statement takes.
    let many = (0..6_000).map(|n| due(&format!("{n}"), at(n))).chain([large.clone()]).collect();
    store.add(many).await.unwrap();
    let record = store.get(&large.id).await.unwrap().unwrap().record;
    assert_eq!(record.definition, large.definition);
    assert_eq!(record.schedule, large.schedule);
    assert_eq!(remove_all(&store).await.unwrap(), 6_001);
}

#[tokio::test]
async fn jobs_of_any_name_leave_with_their_last_run() {
    let store = started().await;
    let names = ["a\"b", "a\\b", "a\\u0062", "a/b?1'", "😀 ", "%_", "null", "[1]"];
    store.add(names.map(|name| due(name, at(0))).to_vec()).await.unwrap();
    let claims = claim(&store).await.unwrap();
    assert_eq!(claims.len(), names.len());
    let (run_id, node) = (RunId::random(), NodeId::new("it's \"here\"").unwrap());
    let run = InFlightRun { run_id, node, ..run() };
    let commits = |fence: fn(&JobRecord) -> Fence, action: CommitAction| {
        let commit = |record: &JobRecord| Commit {
            id: record.id.clone(),
            fence: fence(record),
            action: action.clone(),
        };
        CommitBatch::from(claims.iter().map(commit).collect::<Vec<_>>())
    };
    let finish = commits(|record| record.fence, CommitAction::Finish { start: vec![run] });
    assert!(store.commit(finish).await.unwrap().iter().all(|it| *it == CommitOutcome::Done));
    let heir = NodeId::new("heir").unwrap();
    let taken = store.take_over(&heir, at(9), 99, &TaskFilter::Any).await.unwrap();
    assert_eq!(taken.runs.len(), names.len());
    let clear = commits(|_| Fence(2), CommitAction::ClearRun { run_id });
    assert!(store.commit(clear).await.unwrap().iter().all(|it| *it == CommitOutcome::Removed));
}
