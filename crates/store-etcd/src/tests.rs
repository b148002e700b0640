//! Tests of the builder.

use std::time::Duration;

use punctual_core::{JobStore, TaskFilter};
use punctual_testkit::assert_invalid_options;

use crate::{EtcdJobStore, EtcdJobStoreBuilder};

fn good() -> EtcdJobStoreBuilder {
    EtcdJobStore::builder().url("etcd://mailer:hunter2@localhost/jobs")
}

#[test]
fn invalid_options_are_rejected_by_the_builder() {
    good().build().unwrap();
    let host = EtcdJobStore::builder().host("::1").port(1).path("my jobs/a");
    host.username("mailer").password("hunter2").build().unwrap();
    for url in ["etcd://localhost", "etcd://u:hunter2@a:1,b:2/d/e/", "etcd://[::1]:1"] {
        EtcdJobStore::open(url).unwrap();
    }
    let invalid = [
        EtcdJobStore::builder().build(),
        EtcdJobStore::builder().port(1).build(),
        EtcdJobStore::open(""),
        EtcdJobStore::open("http://u:hunter2@localhost"),
        EtcdJobStore::open("etcd://u:hunter2@localhost:port"),
        EtcdJobStore::open("etcd://u:hunter2@localhost/a?timeout=hunter2"),
        EtcdJobStore::open("etcd://user@localhost"),
        EtcdJobStore::open("etcd://localhost/a:b"),
        EtcdJobStore::builder().host("localhost").password("hunter2").build(),
        good().port(1).build(),
        good().host("a,b").build(),
        good().path("").build(),
        good().path("a//b").build(),
        good().path("a\nb").build(),
        good().cert_cert("a").build(),
        good().quota_backend_bytes(0).build(),
        good().connect_timeout(Duration::ZERO).build(),
        good().response_timeout(Duration::MAX).build(),
    ];
    assert_invalid_options(invalid, "hunter2");
}

#[test]
fn encrypted_connections_require_the_feature() {
    for builder in [
        EtcdJobStore::builder().url("etcds://localhost"),
        good().ca_cert("ca.pem"),
        good().cert_cert("cert.pem").cert_key("key.pem"),
    ] {
        assert_eq!(builder.build().is_ok(), cfg!(feature = "tls"));
    }
}

#[test]
fn debug_does_not_contain_the_password() {
    let wrong = EtcdJobStore::builder().url("etcd://u:hunter2@localhost:port");
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
