//! Tests that need no server: of the builder here, of the client against a scripted and a recorded peer.

mod feeds;
mod handshake;
mod peer;
mod queries;
mod recorded;
#[cfg(feature = "tls")]
mod tls;

use std::time::Duration;

use punctual_core::{JobStore, TaskFilter};
use punctual_testkit::assert_invalid_options;

use crate::{RethinkDbJobStore, RethinkDbJobStoreBuilder};

fn good() -> RethinkDbJobStoreBuilder {
    RethinkDbJobStore::builder().url("rethinkdb://mailer:hunter2@localhost/jobs")
}

#[test]
fn invalid_options_are_rejected_by_the_builder() {
    good().build().unwrap();
    let host = RethinkDbJobStore::builder().host("::1").port(1).database("my-jobs").table("jobs");
    host.username("mailer").password("hunter2").build().unwrap();
    for url in ["rethinkdb://localhost", "rethinkdb://u:hunter2@a:1,b:2/d", "rethinkdb://u@[::1]:1"]
    {
        RethinkDbJobStore::open(url).unwrap();
    }
    let invalid = [
        RethinkDbJobStore::builder().build(),
        RethinkDbJobStore::builder().port(1).build(),
        RethinkDbJobStore::open(""),
        RethinkDbJobStore::open("http://u:hunter2@localhost"),
        RethinkDbJobStore::open("rethinkdb://u:hunter2@localhost:port"),
        RethinkDbJobStore::open("rethinkdb://u:hunter2@localhost/a?timeout=hunter2"),
        RethinkDbJobStore::open("rethinkdb://u:hunter2@localhost/a/b"),
        good().port(1).build(),
        good().host("a,b").build(),
        good().database("").build(),
        good().database("a.b").build(),
        good().database("rethinkdb").build(),
        good().database("x".repeat(64)).build(),
        good().table_prefix("").build(),
        good().table_prefix("a-b").build(),
        good().table("a$b").build(),
        good().table("punctual_history").build(),
        good().connect_timeout(Duration::ZERO).build(),
        good().response_timeout(Duration::MAX).build(),
    ];
    assert_invalid_options(invalid, "hunter2");
}

#[test]
fn encrypted_connections_require_the_feature() {
    for builder in
        [RethinkDbJobStore::builder().url("rethinkdbs://localhost"), good().ca_cert("ca.pem")]
    {
        assert_eq!(builder.build().is_ok(), cfg!(feature = "tls"));
    }
}

#[test]
fn debug_does_not_contain_the_password() {
    let wrong = RethinkDbJobStore::builder().url("rethinkdb://u:hunter2@localhost:port");
    for builder in [good(), good().username("u").password("hunter2"), wrong] {
        assert!(!format!("{builder:?}").contains("hunter2"));
    }
    assert!(!format!("{:?}", good().build().unwrap()).contains("hunter2"));
}

#[tokio::test]
async fn a_store_that_is_not_started_is_unavailable() {
    let error = good().build().unwrap().next_wakeup(&TaskFilter::Any).await.unwrap_err();
    assert!(error.is_retryable());
}
