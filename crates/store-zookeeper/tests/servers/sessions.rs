//! Sessions that expire, and the clock of the server.

use std::time::Duration;

use punctual_core::{Clock, JobStore, SystemClock};
use punctual_store_zookeeper::ZooKeeperJobStore;
use punctual_testkit::calls::{add, advance, at, claim, ids};
use punctual_testkit::retry_until_ok;
use tokio::runtime::Builder;

use crate::process::Member;

#[test]
fn nothing_is_lost_when_a_session_expires() {
    let servers = Builder::new_multi_thread().enable_all().build().unwrap();
    // The session ends when its runtime doesn't run, as in a suspended process.
    let client = Builder::new_current_thread().enable_all().build().unwrap();
    let server = servers.block_on(Member::start(&[]));
    let builder = ZooKeeperJobStore::builder().url(server.url());
    let store = builder.session_timeout(Duration::from_secs(1)).build().unwrap();
    let (claims, mut watch) = client.block_on(async {
        store.start().await.unwrap();
        let watch = store.watch().await.unwrap().unwrap();
        add(&store, &["a", "b"]).await.unwrap();
        (claim(&store, at(1)).await.unwrap(), watch)
    });
    assert_eq!(claims.len(), 2);

    servers.block_on(async { while server.sessions().await > 0 {} });
    client.block_on(async {
        retry_until_ok(async || advance(&store, &claims, at(0)).await).await;
        retry_until_ok(async || watch.changed().await).await;
        assert_eq!(claim(&store, at(1)).await.unwrap().len(), 2);
        assert_eq!(ids(&store).await, ["a", "b"]);
        store.shutdown().await;
    });
}

#[tokio::test]
async fn the_clock_is_that_of_the_server() {
    let server = Member::start(&[]).await;
    let store = ZooKeeperJobStore::open(server.url()).unwrap();
    store.start().await.unwrap();
    let now = || SystemClock.now().as_micros() / 1_000;
    let before = now();
    let time = store.time().await.unwrap().expect("a clock").as_micros() / 1_000;
    assert!((before..=now()).contains(&time), "milliseconds");
}
