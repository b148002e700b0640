//! Tests of the builder.

use std::time::Duration;

use punctual_core::{JobStore, TaskFilter};
use punctual_testkit::assert_invalid_options;

use crate::{MongoDbJobStore, MongoDbJobStoreBuilder};

fn good() -> MongoDbJobStoreBuilder {
    MongoDbJobStore::builder().url("mongodb://mailer:hunter2@localhost/jobs")
}

#[test]
fn invalid_options_are_rejected_by_the_builder() {
    good().build().unwrap();
    let host = MongoDbJobStore::builder().host("localhost").port(1).database("my-jobs");
    host.username("mailer").password("hunter2").auth_source("admin").build().unwrap();
    for url in [
        "mongodb://localhost",
        "mongodb://u:hunter2@a:1,b:2/d?replicaSet=r&tls=true",
        "mongodb://[::1]:1",
    ] {
        MongoDbJobStore::open(url).unwrap();
    }
    let invalid = [
        MongoDbJobStore::builder().build(),
        MongoDbJobStore::builder().port(1).build(),
        MongoDbJobStore::open(""),
        MongoDbJobStore::open("mysql://u:hunter2@localhost"),
        MongoDbJobStore::open("mongodb://u:hunter2@localhost:port"),
        MongoDbJobStore::open("mongodb://u:hunter2@localhost/?connectTimeoutMS=hunter2"),
        good().port(1).build(),
        good().host("a,b").build(),
        good().password("hunter2").build(),
        good().database("").build(),
        good().database("a.b").build(),
        good().database("x".repeat(64)).build(),
        good().collection_prefix("").build(),
        good().collection_prefix("system").build(),
        good().collection("a$b").build(),
        good().connect_timeout(Duration::ZERO).build(),
        good().response_timeout(Duration::MAX).build(),
    ];
    assert_invalid_options(invalid, "hunter2");
}

#[test]
fn servers_of_the_dns_require_the_feature() {
    let url = "mongodb+srv://u:hunter2@cluster.example.org";
    assert_eq!(MongoDbJobStore::open(url).is_ok(), cfg!(feature = "dns"));
}

#[test]
fn debug_does_not_contain_the_password() {
    let wrong = MongoDbJobStore::builder().url("mongodb://u:hunter2@localhost:port");
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
