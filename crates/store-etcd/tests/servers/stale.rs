//! Keys in the indexes without jobs, and compacted revisions.

use punctual_core::{JobStore, TaskFilter};
use punctual_testkit::calls::{add, advance, at, claim, filter, ids};
use serde_json::json;
use tokio::sync::oneshot;

use crate::process::{Member, started};

#[tokio::test]
async fn keys_without_jobs_are_ignored_and_deleted() {
    let server = Member::start(&[]).await;
    let (gateway, store) = (server.gateway(), started(&server.url()).await);
    add(&store, &["a"]).await.unwrap();
    let digits = "0000000000000001";
    let stale = [
        format!("/punctual:due/work\x1f{digits}\x1fnone"),
        // That of the job has another time.
        format!("/punctual:due/work\x1f{digits}\x1fa"),
        format!("/punctual:claimed/work\x1f{digits}\x1f{digits}\x1fnode\x1fa"),
        "/punctual:owned/node\x1fwork\x1fa".to_owned(),
    ];
    for key in &stale {
        gateway.put(key, "10").await;
    }
    gateway.put("/punctual:due/nonsense", "").await;
    for filter in [filter(), TaskFilter::Any] {
        assert_eq!(store.next_wakeup(&filter).await.unwrap(), Some(at(0)));
    }
    let other = punctual_core::NodeId::new("other").unwrap();
    let renewal = store.renew(&other, at(0), at(9), &filter()).await.unwrap();
    assert!(!renewal.has_orphans, "{renewal:?}");
    let claims = claim(&store, at(1)).await.unwrap();
    assert_eq!(claims.len(), 1);
    advance(&store, &claims, at(5)).await.unwrap();
    let keys = gateway.keys("/punctual:").await;
    assert!(stale.iter().all(|key| !keys.contains(key)), "{keys:?}");
    assert_eq!(store.next_wakeup(&filter()).await.unwrap(), Some(at(5)));
}

#[tokio::test]
async fn a_task_whose_key_was_deleted_is_found_again() {
    let server = Member::start(&[]).await;
    let (gateway, store) = (server.gateway(), started(&server.url()).await);
    add(&store, &["a"]).await.unwrap();
    gateway.delete_all("/punctual:").await;
    add(&store, &["b"]).await.unwrap();
    assert_eq!(store.next_wakeup(&TaskFilter::Any).await.unwrap(), Some(at(0)));
    assert_eq!(ids(&store).await, ["b"]);
}

#[tokio::test]
async fn revisions_are_compacted_while_they_are_read() {
    let server = Member::start(&[]).await;
    let store = started(&server.url()).await;
    let names: Vec<_> = (0..50).map(|number| format!("job-{number}")).collect();
    add(&store, &names.iter().map(String::as_str).collect::<Vec<_>>()).await.unwrap();
    let (stop, mut stopped) = oneshot::channel::<()>();
    let gateway = server.gateway();
    let compacting = tokio::spawn(async move {
        let mut count = 0;
        while stopped.try_recv().is_err() {
            // A change, so that there is a revision to be compacted.
            gateway.put("other", "").await;
            let revision = gateway.revision().await.to_string();
            gateway.post("kv/compaction", json!({ "revision": revision })).await;
            count += 1;
        }
        count
    });
    for round in 0..100 {
        assert_eq!(store.next_wakeup(&filter()).await.unwrap(), Some(at(0)), "round {round}");
        assert_eq!(store.list(None, 50).await.unwrap().records.len(), 50);
    }
    stop.send(()).expect("the task");
    assert!(compacting.await.unwrap() > 10);
}
