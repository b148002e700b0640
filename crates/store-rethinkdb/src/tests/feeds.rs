//! Changefeeds, and the watch that opens them again.

use std::sync::Arc;

use punctual_core::ChangeWatch;
use serde_json::json;
use tokio::sync::Notify;

use super::peer::{PASSWORD, Peer, Reply, client};
use crate::reql::Term;
use crate::watch::Watch;

/// The response with the current value, by which a feed begins.
fn initial() -> Reply {
    Reply::part(json!([{ "new_val": null }]))
}

fn change() -> Reply {
    Reply::part(json!([{ "old_val": null, "new_val": { "id": "signal" } }]))
}

#[tokio::test]
async fn changes_are_reported() {
    let peer = Peer::start([initial(), change(), change()]).await;
    let client = client(&[&peer], PASSWORD, false);
    let mut watch = Watch::begin(client.clone(), Term::null()).await.unwrap();
    watch.changed().await.unwrap();
    watch.changed().await.unwrap();
    let requests: Vec<_> =
        peer.queries().into_iter().map(|(number, query)| (number, query[0].clone())).collect();
    assert_eq!(requests, [(1, json!(1)), (1, json!(2)), (1, json!(2))]);
    client.close();
    assert!(watch.changed().await.unwrap_err().is_retryable(), "a watch ends with its store");
}

#[tokio::test]
async fn a_change_is_not_lost_if_the_future_is_dropped() {
    let told = Arc::new(Notify::new());
    let response = json!({ "t": 3, "r": [{ "new_val": { "id": "signal" } }] });
    let peer = Peer::start([initial(), Reply::Later(told.clone(), response)]).await;
    let mut watch = Watch::begin(client(&[&peer], PASSWORD, false), Term::null()).await.unwrap();
    let is_requested = async {
        let mut requests = 0;
        while requests < 2 {
            requests += peer.queries().len();
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = watch.changed() => panic!("there is no change"),
        () = is_requested => {}
    }
    told.notify_one();
    watch.changed().await.unwrap();
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn a_feed_that_ends_is_opened_again_and_reports_a_change() {
    let aborted = json!({ "t": 18, "r": ["Changefeed aborted"], "e": 4_100_000 });
    for end in [Reply::Close, Reply::Respond(aborted), Reply::rest(json!([]))] {
        let peer = Peer::start([initial(), end, initial(), change()]).await;
        let mut watch =
            Watch::begin(client(&[&peer], PASSWORD, false), Term::null()).await.unwrap();
        watch.changed().await.expect("what has happened meanwhile is unknown");
        watch.changed().await.unwrap();
        assert_eq!(peer.connections(), 2);
    }
    // If it can't be opened again, this is an error, and the next call tries it again.
    let failed = Reply::Respond(json!({ "t": 18, "r": ["no table"], "e": 4_100_000 }));
    let peer = Peer::start([initial(), Reply::Close, failed, initial()]).await;
    let mut watch = Watch::begin(client(&[&peer], PASSWORD, false), Term::null()).await.unwrap();
    assert!(watch.changed().await.unwrap_err().is_retryable());
    watch.changed().await.unwrap();
}

#[tokio::test]
async fn a_feed_without_a_first_value_is_an_error() {
    for first in [Reply::rest(json!([])), Reply::value(json!(1)), Reply::Close] {
        let peer = Peer::start([first]).await;
        assert!(Watch::begin(client(&[&peer], PASSWORD, false), Term::null()).await.is_err());
    }
}

#[tokio::test]
async fn a_server_that_is_gone_ends_a_feed() {
    // Nothing is answered after the first value, not even the check of the connection.
    let peer = Peer::start([initial()]).await;
    let client = client(&[&peer], PASSWORD, true);
    let mut watch = Watch::begin(client, Term::null()).await.unwrap();
    tokio::time::pause();
    assert!(watch.changed().await.unwrap_err().is_retryable());
}
