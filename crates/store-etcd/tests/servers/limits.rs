//! The sizes of requests and of the database.

use punctual_core::{AddOutcome, JobId, JobStore, StoreErrorKind};
use punctual_store_etcd::EtcdJobStore;
use punctual_testkit::assert_local_server_error;
use punctual_testkit::calls::{LEASE, add, advance, at, claim, filter, ids, job, node};
use serde_json::json;

use crate::process::{Member, started};

use StoreErrorKind::{Invalid, Unavailable};

#[tokio::test]
async fn the_largest_definition_is_stored_and_a_larger_one_is_rejected() {
    let server = Member::start(&[]).await;
    let store = started(&server.url()).await;
    let max = store.caps().max_definition;
    // The longest id, and a definition of the largest size.
    let id = "é🚀".repeat(95);
    let added = store.add(vec![job(&id, max), job("b", max), job("c", 10)]).await.unwrap();
    assert_eq!(added, [AddOutcome::Added; 3]);
    let claims = claim(&store, at(1)).await.unwrap();
    let sizes: Vec<_> = claims.iter().map(|claim| claim.definition.as_bytes().len()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 2 * max + 10);
    advance(&store, &claims, at(9)).await.unwrap();

    // The scheduler rejects what exceeds `max_definition`, with both sizes; this is what the server says.
    let error = store.add(vec![job("d", 1_600_000)]).await.unwrap_err();
    assert_local_server_error(&error, Invalid, "too large for etcd");
    let small = Member::start(&["--max-request-bytes", "100000"]).await;
    let error = started(&small.url()).await.add(vec![job("d", 200_000)]).await.unwrap_err();
    assert_local_server_error(&error, Invalid, "too large for etcd");
}

#[tokio::test]
async fn a_smaller_limit_of_operations() {
    let server = Member::start(&["--max-txn-ops", "16"]).await;
    let store = EtcdJobStore::open(server.url()).unwrap();
    let jobs: Vec<_> = (0..40).map(|number| job(&number.to_string(), 1)).collect();
    let error = match store.start().await {
        Ok(()) => store.add(jobs).await.unwrap_err(),
        Err(error) => error,
    };
    assert_local_server_error(&error, StoreErrorKind::Unsupported, "smaller limit");
}

#[tokio::test]
async fn nothing_is_lost_when_the_quota_is_exhausted() {
    let server = Member::start(&["--quota-backend-bytes", "20000000"]).await;
    let store = started(&server.url()).await;
    add(&store, &["a", "b"]).await.unwrap();
    let mut stored = vec!["a".to_owned(), "b".to_owned()];
    let error = loop {
        let id = format!("large-{}", stored.len());
        match store.add(vec![job(&id, 1 << 20)]).await {
            Ok(_) => stored.push(id),
            Err(error) => break error,
        }
    };
    assert_local_server_error(&error, Unavailable, "the database of etcd is full");
    // The change with which the quota is exceeded is executed, although it is reported as failed; later ones are not.
    let doubtful = format!("large-{}", stored.len());
    if ids(&store).await.contains(&doubtful) {
        stored.push(doubtful);
    }
    assert_local_server_error(&add(&store, &["later"]).await.unwrap_err(), Unavailable, "full");
    stored.sort();
    assert_eq!(ids(&store).await, stored);
    assert_local_server_error(&claim(&store, at(1)).await.unwrap_err(), Unavailable, "full");
    assert_local_server_error(
        &store.renew(&node(), at(0), at(9), &filter()).await.unwrap_err(),
        Unavailable,
        "full",
    );
    assert_eq!(store.next_wakeup(&filter()).await.unwrap(), Some(at(0)));

    let builder = EtcdJobStore::builder().url(server.url()).quota_backend_bytes(20_000_000);
    let again = builder.build().unwrap();
    let log = crate::watches::logged(async || again.start().await.unwrap()).await;
    assert!(log.contains("alarm NOSPACE") && log.contains("almost full"), "{log}");

    // Jobs can be removed; then space is made in the usual way.
    let large: Vec<_> = stored.iter().filter(|id| id.starts_with("large-")).skip(1).collect();
    let removed: Vec<_> = large.iter().map(|id| JobId::new(id.as_str()).unwrap()).collect();
    assert_eq!(store.remove(&removed).await.unwrap(), vec![true; removed.len()]);
    let gateway = server.gateway();
    let revision = gateway.revision().await.to_string();
    gateway.post("kv/compaction", json!({ "revision": revision, "physical": true })).await;
    gateway.post("maintenance/defragment", json!({})).await;
    let alarms = gateway.post("maintenance/alarm", json!({ "action": "GET" })).await;
    let member = alarms["alarms"][0]["memberID"].clone();
    let disarm = json!({ "action": "DEACTIVATE", "memberID": member, "alarm": "NOSPACE" });
    gateway.post("maintenance/alarm", disarm).await;
    // A part of the claim that was reported as failed may have been made. It has expired by then.
    let later = at(2).saturating_add(LEASE);
    assert_eq!(claim(&store, later).await.unwrap().len(), stored.len() - removed.len());
}
