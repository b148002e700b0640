//! Changes by `bulkWrite`, on a server that has it.

use std::time::Duration;

use mongodb::bson::doc;
use punctual_core::{
    AddOutcome, CommitAction, CommitOutcome, JobStore, StoreErrorKind, TakeOverFrom, TaskFilter,
};
use punctual_store_mongodb::MongoDbJobStore;
use punctual_testkit::calls::{add, advancing, at, claim, commit, job, node};

use crate::peer::{Fault, Peer, started};

#[tokio::test]
async fn jobs_are_added_claimed_committed_and_removed() {
    let peer = Peer::start().await;
    let store = started(peer.url()).await;
    peer.commands();
    add(&store, &["a", "b", "c"]).await.expect("adding works");
    assert_eq!(peer.commands(), ["bulkWrite"]);
    let outcomes = store.add(vec![job("c", 10), job("d", 10)]).await.expect("adding works");
    assert_eq!(outcomes, [AddOutcome::Exists, AddOutcome::Added]);
    assert_eq!(peer.commands(), ["bulkWrite", "find"], "those that exist are read");

    let claims = claim(&store, at(0)).await.expect("claiming works");
    assert_eq!(claims.len(), 4);
    assert_eq!(peer.commands(), ["find", "bulkWrite"]);
    let outcomes = commit(&store, &claims[..2], advancing(at(60))).await.expect("committing works");
    assert_eq!(outcomes, [CommitOutcome::Done; 2]);
    assert_eq!(peer.commands(), ["bulkWrite", "bulkWrite"], "what was claimed is not read again");
    let finish = |_: &_| CommitAction::Finish { start: Vec::new() };
    let outcomes = commit(&store, &claims[2..], finish).await.expect("committing works");
    assert_eq!(outcomes, [CommitOutcome::Removed; 2]);
    assert_eq!(peer.commands(), ["bulkWrite", "bulkWrite"], "in one step");
    let outcomes = commit(&store, &claims[2..], finish).await.expect("committing works");
    assert_eq!(outcomes, [CommitOutcome::Stale; 2]);

    let ids = [job("a", 10).id, job("c", 10).id];
    assert_eq!(store.remove(&ids).await.expect("removing works"), [true, false]);
    let time = store.time().await.expect("the server responds").expect("a time");
    assert_eq!(time, at(0).saturating_add(Duration::from_millis(123)));
}

#[tokio::test]
async fn changes_by_others_are_detected() {
    let peer = Peer::start().await;
    let (first, second) = (started(peer.url()).await, started(peer.url()).await);
    add(&first, &["a", "b"]).await.expect("adding works");
    let claims = claim(&first, at(0)).await.expect("claiming works");
    assert_eq!(claims.len(), 2);
    // The first store remembers what it has claimed, but not that this is outdated.
    let filter = TaskFilter::Any;
    let taken = second
        .take_over(&node(), &TakeOverFrom::ExpiredNodes, at(0), 9, &filter)
        .await
        .expect("taking over works");
    assert_eq!(taken.released, 2, "the node has no lease");
    let outcomes = commit(&first, &claims, advancing(at(60))).await.expect("committing works");
    assert_eq!(outcomes, [CommitOutcome::Stale; 2]);
}

#[tokio::test]
async fn a_commit_whose_outcome_is_unknown_can_be_repeated() {
    let peer = Peer::start().await;
    let store = MongoDbJobStore::builder()
        .url(peer.url())
        .response_timeout(Duration::from_millis(300))
        .build()
        .expect("valid options");
    store.start().await.expect("the store starts");
    let concern = doc! { "code": 64, "errmsg": "waiting for replication timed out" };
    let not_primary =
        doc! { "ok": 0, "code": 10107, "codeName": "NotWritablePrimary", "errmsg": "no" };
    let faults = [
        (Fault::Add(doc! { "writeConcernError": concern }), "a majority"),
        (Fault::Respond(not_primary), "not the primary"),
        (Fault::Disconnect, "failed"),
        (Fault::Ignore, "in time"),
    ];
    for (number, (fault, words)) in faults.into_iter().enumerate() {
        let name = number.to_string();
        add(&store, &[&name]).await.expect("adding works");
        let claims = claim(&store, at(0)).await.expect("claiming works");
        assert_eq!(claims.len(), 1, "{number}");
        peer.fail("bulkWrite", fault.clone());
        // The same fault for the history: which of both is written first is undefined.
        peer.fail("bulkWrite", fault);
        let error = commit(&store, &claims, advancing(at(60))).await.expect_err("a fault");
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
        let told = punctual_core::error_chain(&error).to_string();
        assert!(told.contains(words), "{number}: {told}");
        let mut outcome = commit(&store, &claims, advancing(at(60))).await;
        while let Err(error) = outcome {
            assert!(error.is_retryable(), "{error}");
            outcome = commit(&store, &claims, advancing(at(60))).await;
        }
        assert_eq!(outcome.expect("a response"), [CommitOutcome::Done], "{number}");
    }
}

#[tokio::test]
async fn an_error_of_one_statement_is_an_error_of_the_call() {
    let peer = Peer::start().await;
    let store = started(peer.url()).await;
    let failed = doc! { "ok": 0, "idx": 0, "n": 0, "code": 10334, "errmsg": "too large" };
    let cursor = doc! { "id": 0_i64, "ns": "admin.$cmd.bulkWrite", "firstBatch": [failed] };
    peer.fail(
        "bulkWrite",
        Fault::Respond(doc! {
            "ok": 1, "cursor": cursor, "nErrors": 1, "nInserted": 0, "nMatched": 0, "nModified": 0,
            "nUpserted": 0, "nDeleted": 0,
        }),
    );
    let error = add(&store, &["a"]).await.expect_err("a fault");
    assert_eq!(error.kind(), StoreErrorKind::Invalid, "{error}");
    add(&store, &["a"]).await.expect("adding works");
}
