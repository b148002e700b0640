//! Servers that can't be reached, and members of a cluster that fail.

use std::time::Duration;

use punctual_core::{JobStore, StoreErrorKind};
use punctual_store_etcd::EtcdJobStore;
use punctual_testkit::calls::{add, advance, at, claim, ids};
use punctual_testkit::{assert_local_server_error, retry_until_ok};
use tokio::net::TcpListener;

use crate::process::{Member, started};

use StoreErrorKind::Unavailable;

#[tokio::test]
async fn a_server_that_is_not_there() {
    let mut server = Member::start(&[]).await;
    let store = started(&server.url()).await;
    server.down();
    for _ in 0..3 {
        assert_local_server_error(
            &add(&store, &["a"]).await.unwrap_err(),
            Unavailable,
            "can't be reached",
        );
    }
    let store = EtcdJobStore::open(server.url()).unwrap();
    assert_local_server_error(&store.start().await.unwrap_err(), Unavailable, "can't be reached");
}

#[tokio::test]
async fn a_server_that_does_not_respond() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("etcd://{}", silent.local_addr().unwrap());
    let limit = Duration::from_millis(100);
    let builder = EtcdJobStore::builder().url(&url).connect_timeout(limit).response_timeout(limit);
    let store = builder.build().unwrap();
    assert_local_server_error(
        &store.start().await.unwrap_err(),
        Unavailable,
        "did not respond in time",
    );
    // With a login, the first request is a part of connecting.
    let builder = EtcdJobStore::builder().url(url).username("mailer").password("hunter2");
    let store = builder.connect_timeout(limit).build().unwrap();
    assert_local_server_error(
        &store.start().await.unwrap_err(),
        Unavailable,
        "did not respond in time",
    );
}

#[tokio::test]
async fn another_server_is_used_if_the_first_one_does_not_respond() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Member::start(&[]).await;
    let url = format!("etcd://{},127.0.0.1:1,{}", silent.local_addr().unwrap(), server.address());
    let limit = Duration::from_millis(500);
    let builder = EtcdJobStore::builder().url(url).connect_timeout(limit).response_timeout(limit);
    let store = builder.build().unwrap();
    store.start().await.expect("the last server responds");
    add(&store, &["a"]).await.unwrap();
}

#[tokio::test]
async fn the_leader_is_killed_and_then_all_members() {
    let mut members = Member::start_three().await;
    let addresses = members.each_ref().map(Member::address).join(",");
    let store = started(&format!("etcd://{addresses}/three")).await;
    let mut watch = store.watch().await.unwrap().unwrap();
    add(&store, &["a", "b"]).await.unwrap();
    watch.changed().await.unwrap();
    let claims = claim(&store, at(1)).await.unwrap();
    assert_eq!(claims.len(), 2);

    let mut leader = None;
    for (index, member) in members.iter().enumerate() {
        if member.is_leader().await {
            leader = Some(index);
        }
    }
    let leader = leader.expect("a leader");
    members[leader].down();
    // The outcome of a commit that fails is unknown; its repetition tells.
    retry_until_ok(async || advance(&store, &claims, at(0)).await).await;
    assert_eq!(retry_until_ok(async || store.list(None, 9).await).await.records.len(), 2);

    // Two of three are lost: nothing can be acknowledged.
    let second = (leader + 1) % 3;
    members[second].down();
    let limit = Duration::from_secs(1);
    let builder = EtcdJobStore::builder().url(format!("etcd://{addresses}/three"));
    let other = builder.connect_timeout(limit).response_timeout(limit).build().unwrap();
    assert_local_server_error(&other.start().await.unwrap_err(), Unavailable, "");
    members.iter_mut().for_each(Member::down);
    assert_local_server_error(&store.list(None, 9).await.unwrap_err(), Unavailable, "");

    members.iter_mut().for_each(Member::up);
    for member in &mut members {
        member.wait_until_ready().await;
    }
    let claims = retry_until_ok(async || claim(&store, at(1)).await).await;
    assert_eq!(claims.len(), 2, "the commit after the first failure has survived");
    assert_eq!(ids(&store).await, ["a", "b"]);
    retry_until_ok(async || watch.changed().await).await;
}
