//! Tests of the builder.

use std::time::Duration;

use punctual_core::{JobStore, TaskFilter};
use punctual_testkit::assert_invalid_options;

use crate::{ZooKeeperJobStore, ZooKeeperJobStoreBuilder};

fn good() -> ZooKeeperJobStoreBuilder {
    ZooKeeperJobStore::builder().url("zookeeper://mailer:hunter2@localhost/jobs")
}

#[test]
fn invalid_options_are_rejected_by_the_builder() {
    good().build().unwrap();
    let hosts = ZooKeeperJobStore::builder().hosts("a, b:1,[::1]:2").path("my jobs/a");
    hosts.username("mailer").password("hunter2").build().unwrap();
    for url in
        ["zookeeper://localhost", "zookeeper://u:hunter2@a:1,b:2/d/e/", "zookeeper://[::1]:1"]
    {
        ZooKeeperJobStore::open(url).unwrap();
    }
    let invalid = [
        ZooKeeperJobStore::builder().build(),
        ZooKeeperJobStore::open(""),
        ZooKeeperJobStore::open("http://u:hunter2@localhost"),
        ZooKeeperJobStore::open("zookeeper://u:hunter2@localhost:port"),
        ZooKeeperJobStore::open("zookeeper://u:hunter2@localhost/a?timeout=hunter2"),
        ZooKeeperJobStore::open("zookeeper://user@localhost"),
        ZooKeeperJobStore::open("zookeeper://a%3Ab:hunter2@localhost"),
        ZooKeeperJobStore::open("zookeeper://localhost/zookeeper/config"),
        ZooKeeperJobStore::builder().hosts("localhost").password("hunter2").build(),
        good().hosts("a,,b").build(),
        good().path("").build(),
        good().path("a//b").build(),
        good().path("a\nb").build(),
        good().connect_timeout(Duration::ZERO).build(),
        good().response_timeout(Duration::MAX).build(),
        good().session_timeout(Duration::ZERO).build(),
    ];
    assert_invalid_options(invalid, "hunter2");
}

#[test]
fn debug_does_not_contain_the_password() {
    let wrong = ZooKeeperJobStore::builder().url("zookeeper://u:hunter2@localhost:port");
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
