//! Tests of unusual names and sizes.

use punctual_core::{
    Commit, CommitAction, CommitBatch, CommitOutcome, Fence, InFlightRun, JobRecord, JobStore,
    NodeId, RunId, TakeOverFrom, TaskFilter,
};

use super::{at, claim, due, run};

pub(crate) async fn jobs_with_unusual_names_are_removed_with_their_last_run(store: &impl JobStore) {
    let names = ["a\"b", "a\\b", "a\\u0062", "a/b?1'", "😀 ", "%_", "null", "[1]"];
    store.add(names.map(|name| due(name, at(0))).to_vec()).await.unwrap();
    let claims = claim(store).await.unwrap();
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
    let new_owner = NodeId::new("new_owner").unwrap();
    let taken = store
        .take_over(&new_owner, &TakeOverFrom::ExpiredNodes, at(9), 99, &TaskFilter::Any)
        .await
        .unwrap();
    assert_eq!(taken.runs.len(), names.len());
    let clear = commits(|_| Fence(2), CommitAction::ClearRun { run_id });
    assert!(store.commit(clear).await.unwrap().iter().all(|it| *it == CommitOutcome::Removed));
}
