//! Members of a replica set fail.

use std::collections::BTreeMap;
use std::time::Duration;

use punctual_core::{ChangeWatch, JobRecord, JobStore, StoreError, StoreErrorKind};
use punctual_store_mongodb::{MongoDbJobStore, MongoDbJobStoreBuilder};
use punctual_testkit::calls::{LEASE, add, advance, advancing, at, claim, commit, job};
use punctual_testkit::{assert_error, retry_until_ok};

use crate::process::Member;

use StoreErrorKind::Unavailable;

fn on(members: &[Member]) -> MongoDbJobStoreBuilder {
    let limit = Duration::from_secs(2);
    let builder = MongoDbJobStore::builder().url(Member::url_of_all(members));
    builder.connect_timeout(limit).response_timeout(limit)
}

/// Commits claims until this succeeds: the outcome of a commit that fails is unknown, its repetition has no further effect.
async fn settle(store: &MongoDbJobStore, claims: &[JobRecord]) {
    retry_until_ok(async || commit(store, claims, advancing(at(60))).await).await;
}

/// How often each job has fired, according to the store.
async fn fire_counts(store: &MongoDbJobStore) -> Result<Vec<u64>, StoreError> {
    Ok(store.list(None, 9).await?.records.iter().map(|record| record.fire_count).collect())
}

async fn wait_for(watch: &mut Box<dyn ChangeWatch>) {
    let changed = retry_until_ok(async || watch.changed().await);
    tokio::time::timeout(Duration::from_secs(60), changed).await.expect("a notification");
}

#[tokio::test]
async fn the_primary_is_killed_and_then_all_members() {
    let mut members = Member::start_three().await;
    let store = on(&members).change_streams(true).build().unwrap();
    store.start().await.unwrap();
    let mut watch = store.watch().await.unwrap().unwrap();
    add(&store, &["a", "b"]).await.unwrap();
    wait_for(&mut watch).await;
    let claims = claim(&store, at(0)).await.unwrap();
    assert_eq!(claims.len(), 2);

    let primary = Member::primary(&members).await;
    members[primary].down();
    settle(&store, &claims).await;
    assert_eq!(retry_until_ok(async || fire_counts(&store).await).await, [1, 1]);
    retry_until_ok(async || store.add(vec![job("c", 10)]).await).await;
    wait_for(&mut watch).await;

    // Two of three are lost: nothing can be acknowledged, though the change may be kept.
    let second = (primary + 1) % 3;
    members[second].down();
    assert_error(&add(&store, &["d"]).await.unwrap_err(), Unavailable, "");
    members.iter_mut().for_each(Member::down);
    assert_error(&store.list(None, 9).await.unwrap_err(), Unavailable, "");

    members.iter_mut().for_each(Member::up);
    for member in &mut members {
        member.wait_until_ready().await;
    }
    let page = retry_until_ok(async || store.list(None, 9).await).await;
    let mut fire_counts = BTreeMap::new();
    for record in &page.records {
        fire_counts.insert(record.id.as_str(), record.fire_count);
    }
    fire_counts.remove("d");
    assert_eq!(fire_counts, BTreeMap::from([("a", 1), ("b", 1), ("c", 0)]));
    retry_until_ok(async || store.add(vec![job("e", 10)]).await).await;
    wait_for(&mut watch).await;
}

#[tokio::test]
async fn a_suspended_primary_acknowledges_nothing() {
    let members = Member::start_three().await;
    let (store, other) = (on(&members).build().unwrap(), on(&members).build().unwrap());
    store.start().await.unwrap();
    other.start().await.unwrap();
    add(&store, &["a", "b"]).await.unwrap();
    let claims = claim(&store, at(0)).await.unwrap();

    let primary = Member::primary(&members).await;
    members[primary].suspend();
    // It reads the first request after the others have elected another primary.
    assert_error(&advance(&store, &claims, at(60)).await.unwrap_err(), Unavailable, "");
    settle(&other, &claims).await;
    members[primary].resume();
    settle(&store, &claims).await;
    for store in [&store, &other] {
        assert_eq!(retry_until_ok(async || fire_counts(store).await).await, [1, 1]);
    }
    assert_eq!(retry_until_ok(async || claim(&store, at(60)).await).await.len(), 2);
}

#[tokio::test]
async fn without_a_majority_nothing_is_acknowledged() {
    let mut members = Member::start_three().await;
    let store = on(&members).build().unwrap();
    store.start().await.unwrap();
    add(&store, &["a"]).await.unwrap();
    let primary = Member::primary(&members).await;
    // The primary steps down after the election timeout only; until then it accepts changes without acknowledging them.
    for offset in [1, 2] {
        members[(primary + offset) % 3].down();
    }
    assert_error(&claim(&store, at(0)).await.unwrap_err(), Unavailable, "");
    for offset in [1, 2] {
        members[(primary + offset) % 3].up();
    }
    // The claim may have been made, and then ends with its lease.
    let later = at(0).saturating_add(LEASE);
    assert_eq!(retry_until_ok(async || claim(&store, later).await).await.len(), 1);
}
