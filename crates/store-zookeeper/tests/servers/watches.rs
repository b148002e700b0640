//! Notifications.

use punctual_core::JobStore;
use punctual_testkit::calls::{add, advance, at, claim};
use punctual_testkit::retry_until_ok;

use crate::process::{Member, started};

#[tokio::test]
async fn a_watch_survives_a_restart() {
    let mut server = Member::start(&[]).await;
    let (store, other) = (started(&server.url()).await, started(&server.url()).await);
    let mut watch = store.watch().await.unwrap().unwrap();
    add(&other, &["a"]).await.unwrap();
    watch.changed().await.unwrap();

    server.down();
    assert!(watch.changed().await.unwrap_err().is_retryable());
    server.up();
    server.wait_until_ready().await;
    retry_until_ok(async || add(&other, &["b"]).await).await;
    retry_until_ok(async || watch.changed().await).await;
    add(&other, &["c"]).await.unwrap();
    watch.changed().await.unwrap();
    store.shutdown().await;
    assert!(watch.changed().await.is_err(), "a watch ends with its store");
}

#[tokio::test]
async fn a_run_of_a_job_notifies_nobody() {
    let server = Member::start(&[]).await;
    let store = started(&server.url()).await;
    add(&store, &["a"]).await.unwrap();
    let nodes = server.nodes().await;
    let before = nodes.version("changed").await;
    let claims = claim(&store, at(1)).await.unwrap();
    advance(&store, &claims, at(9)).await.unwrap();
    assert_eq!(nodes.version("changed").await, before);
    add(&store, &["b"]).await.unwrap();
    assert!(nodes.version("changed").await > before);
}
