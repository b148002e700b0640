//! Notifications by change streams.

use std::time::Duration;

use punctual_core::{ChangeWatch, JobStore, RecordUpdate, Revision, Schedule, StoreErrorKind};
use punctual_store_mongodb::MongoDbJobStore;
use punctual_testkit::calls::{add, advance, at, claim, job};
use tokio::time::timeout;

use crate::peer::{Peer, started};

const WAIT_TIMEOUT: Duration = Duration::from_secs(60);

fn with_streams(url: String) -> MongoDbJobStore {
    MongoDbJobStore::builder().url(url).change_streams(true).build().expect("valid options")
}

async fn assert_notified(watch: &mut Box<dyn ChangeWatch>) {
    timeout(WAIT_TIMEOUT, watch.changed()).await.expect("a notification").expect("no error");
}

#[tokio::test]
async fn changes_of_users_are_notified_and_advances_are_not() {
    let peer = Peer::start().await;
    let store = with_streams(peer.url());
    assert!(store.caps().notify);
    store.start().await.expect("the store starts");
    let mut watch = store.watch().await.expect("watching works").expect("a watch");
    let other = started(peer.url()).await;
    assert!(!other.caps().notify);
    assert!(other.watch().await.expect("no error").is_none());
    add(&other, &["a"]).await.expect("adding works");
    assert_notified(&mut watch).await;

    let claims = claim(&other, at(0)).await.expect("claiming works");
    advance(&other, &claims, at(60)).await.expect("committing works");
    // An event of the claim or the commit would come first.
    let mut changed = watch.changed();
    let is_silent = timeout(Duration::from_millis(100), &mut changed).await.is_err();
    assert!(is_silent, "the claiming node knows the new due time");
    let update = RecordUpdate { schedule: Some(Some(Schedule::at(at(90)))), ..Default::default() };
    other.update(&job("a", 10).id, Revision::FIRST, update).await.expect("updating works");
    timeout(WAIT_TIMEOUT, changed).await.expect("a notification").expect("no error");
}

#[tokio::test]
async fn a_lost_stream_is_resumed() {
    let peer = Peer::start().await;
    let store = with_streams(peer.url());
    store.start().await.expect("the store starts");
    let mut watch = store.watch().await.expect("watching works").expect("a watch");
    for name in ["a", "b"] {
        peer.commands();
        let cut = async {
            // The stream waits for events only while it is polled.
            while !peer.commands().iter().any(|command| command == "getMore") {
                tokio::task::yield_now().await;
            }
            peer.disconnect_streams();
            while !peer.commands().iter().any(|command| command == "aggregate") {
                tokio::task::yield_now().await;
            }
            add(&store, &[name]).await.expect("adding works");
        };
        let both = async { tokio::join!(watch.changed(), cut).0 };
        timeout(WAIT_TIMEOUT, both).await.expect("a notification").expect("no error");
    }
    store.shutdown().await;
    let end = timeout(WAIT_TIMEOUT, watch.changed()).await.expect("an error after the shutdown");
    assert!(end.expect_err("it is shut down").is_retryable());
}

#[tokio::test]
async fn a_single_server_has_no_change_streams() {
    let peer = Peer::start().await;
    peer.be_standalone();
    let error = with_streams(peer.direct_url()).start().await.expect_err("no replica set");
    assert_eq!(error.kind(), StoreErrorKind::Unsupported);
    assert!(error.to_string().contains("replica set"), "{error}");
    started(peer.direct_url()).await;
}
