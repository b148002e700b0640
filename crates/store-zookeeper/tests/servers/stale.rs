//! Nodes in the indexes without jobs, and empty ones.

use std::time::Duration;

use punctual_core::{CommitAction, CommitOutcome, JobStore, NodeId, TaskFilter};
use punctual_testkit::calls::{add, advance, at, claim, commit, filter, ids};

use crate::process::{Member, started};

#[tokio::test]
async fn nodes_without_jobs_are_ignored_and_deleted() {
    let server = Member::start(&[]).await;
    let (nodes, store) = (server.nodes().await, started(&server.url()).await);
    add(&store, &["a"]).await.unwrap();
    let (bucket, digits) = ("20000000/10000000000", "8000000000000001");
    let stale = [
        format!("due/work/{bucket}/0{digits}~none"),
        // That of the job has another time.
        format!("due/work/00000000/00000000000/0{}~a", &digits[1..]),
        format!("claimed/work/{bucket}/0~0~node~a"),
        "owned/node/work~a".to_owned(),
    ];
    for name in &stale {
        nodes.create(name, b"").await;
    }
    nodes.create("due/nonsense", b"").await;
    nodes.create("due/work/nonsense/nonsense/nonsense", b"").await;
    for filter in [filter(), TaskFilter::Any] {
        assert_eq!(store.next_wakeup(&filter).await.unwrap(), Some(at(0)));
    }
    let other = NodeId::new("other").unwrap();
    let renewal = store.renew(&other, at(0), at(9), &filter()).await.unwrap();
    assert!(!renewal.has_orphans, "{renewal:?}");
    let claims = claim(&store, at(1)).await.unwrap();
    assert_eq!(claims.len(), 1);
    advance(&store, &claims, at(5)).await.unwrap();
    let left = nodes.below("").await;
    assert!(stale[1..].iter().all(|name| !left.contains(name)), "{left:?}");
    assert_eq!(store.next_wakeup(&filter()).await.unwrap(), Some(at(5)));
}

#[tokio::test]
async fn buckets_that_the_server_has_deleted_are_created_again() {
    // Empty containers are deleted at once instead of each minute.
    let server = Member::start(&["-Dznode.container.checkIntervalMs=10"]).await;
    let (nodes, store) = (server.nodes().await, started(&server.url()).await);
    for round in 0..3 {
        add(&store, &["a"]).await.unwrap();
        let claims = claim(&store, at(1)).await.unwrap();
        assert_eq!(claims.len(), 1, "round {round}");
        advance(&store, &claims, at(1 << 20)).await.unwrap();
        store.remove(&[claims[0].id.clone()]).await.unwrap();
        let limit = Duration::from_secs(60);
        let emptied = async { while nodes.below("due/work").await != [""; 0] {} };
        tokio::time::timeout(limit, emptied).await.expect("the server deletes empty containers");
    }
    assert_eq!(ids(&store).await, [""; 0]);
}

#[tokio::test]
async fn a_job_that_was_removed_and_added_again_is_another_one() {
    let server = Member::start(&[]).await;
    let store = started(&server.url()).await;
    add(&store, &["a"]).await.unwrap();
    let old = claim(&store, at(1)).await.unwrap();
    let other = started(&server.url()).await;
    other.remove(&[old[0].id.clone()]).await.unwrap();
    // The same version of the node.
    add(&other, &["a"]).await.unwrap();
    let new = claim(&other, at(1)).await.unwrap();
    let finish = |_: &_| CommitAction::Finish { start: Vec::new() };
    assert_eq!(commit(&store, &old, finish).await.unwrap(), [CommitOutcome::Stale]);
    advance(&other, &new, at(9)).await.unwrap();
    assert_eq!(store.next_wakeup(&filter()).await.unwrap(), Some(at(9)));
}
