//! Connections are lost, and the server forgets its scripts.

use punctual::core::{JobStore, TaskFilter};
use punctual::{RedisJobStore, StoreErrorKind};
use punctual_testkit::calls::{LEASE, add, at, claim, filter, ids, job, node};
use punctual_tests::server::Server;
use std::time::Duration;

use crate::client::{execute, set};
use crate::jobs::check_error;

#[tokio::test]
async fn an_unreachable_server() {
    let store = RedisJobStore::open("redis://:hunter2@127.0.0.1:1").unwrap();
    let error = store.start().await.unwrap_err();
    check_error(&error, StoreErrorKind::Unavailable, "can't be established");
    assert!(error.is_retryable());
    let error = store.next_wakeup(&TaskFilter::Any).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "not started");
}

#[tokio::test]
async fn closed_connections_are_replaced() {
    let server = Server::start("redis");
    let store = RedisJobStore::open(server.url()).unwrap();
    store.start().await.unwrap();
    for name in ["a", "b", "c"] {
        execute(&server, &["CLIENT", "KILL", "TYPE", "normal"]);
        if let Err(error) = store.next_wakeup(&TaskFilter::Any).await {
            check_error(&error, StoreErrorKind::Unavailable, "");
        }
        add(&store, &[name]).await.expect("a new connection is opened");
    }
    server.down();
    for _ in 0..2 {
        check_error(&add(&store, &["d"]).await.unwrap_err(), StoreErrorKind::Unavailable, "");
    }
    server.up();
    assert_eq!(ids(&store).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn forgotten_scripts_are_sent_again() {
    let server = Server::start("redis");
    let store = RedisJobStore::open(server.url()).unwrap();
    store.start().await.unwrap();
    for name in ["a", "b"] {
        execute(&server, &["SCRIPT", "FLUSH"]);
        add(&store, &[name]).await.unwrap();
    }
    assert_eq!(claim(&store, at(0)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_suspended_server() {
    let server = Server::start("redis");
    let timeout = Duration::from_millis(200);
    let builder = RedisJobStore::builder().url(server.url());
    let store = builder.connect_timeout(timeout).response_timeout(timeout).build().unwrap();
    while let Err(error) = store.start().await {
        assert!(error.is_retryable(), "{error}");
    }
    execute(&server, &["CLIENT", "PAUSE", "2000", "ALL"]);
    let error = add(&store, &["a"]).await.unwrap_err();
    check_error(&error, StoreErrorKind::Unavailable, "did not respond in time");
    // The request may be executed later, so the job may exist.
    while let Err(error) = store.add(vec![job("a", 10)]).await {
        assert!(error.is_retryable(), "{error}");
    }
    assert_eq!(ids(&store).await, ["a"]);
}

#[tokio::test]
async fn odd_names_and_large_definitions() {
    let server = Server::start("redis");
    // The server checks its requests for this.
    set(&server, "proto-max-bulk-len", "20mb");
    for prefix in ["it's", "\"", "{", "a}b", "a{b}c", "👩‍🚀 %d [x]*?\\", "x".repeat(200).as_str()]
    {
        let builder = RedisJobStore::builder().url(server.url()).key_prefix(prefix);
        let store = builder.build().unwrap();
        store.start().await.unwrap();
        let max = store.caps().max_definition;
        let mut large = job("large", 10);
        large.definition = vec![7; max].into();
        store.add(vec![large.clone()]).await.unwrap();
        let long = "😀".repeat(191);
        add(&store, &[&long]).await.unwrap();
        let found = store.get(&large.id).await.unwrap().expect("the job");
        assert!(found.record.definition == large.definition);
        let claims = store.claim_due(&node(), at(0), 9, LEASE, &filter()).await.unwrap();
        assert_eq!(claims.records.len(), 1, "replies are limited");
        assert_eq!(claim(&store, at(0)).await.unwrap().len(), 1);
        assert_eq!(ids(&store).await, ["large", &long]);
        store.remove(&[large.id]).await.unwrap();
    }
}
