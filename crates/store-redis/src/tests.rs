//! Tests of the builder.

use std::time::Duration;

use punctual_core::{JobStore, TaskFilter};
use punctual_testkit::assert_invalid_options;

use crate::{RedisJobStore, RedisJobStoreBuilder};

fn good() -> RedisJobStoreBuilder {
    RedisJobStore::builder().url("redis://mailer:hunter2@localhost/1")
}

#[test]
fn invalid_options_are_rejected_by_the_builder() {
    good().build().unwrap();
    let host = RedisJobStore::builder().host("localhost").port(1).db(2);
    host.username("mailer").password("hunter2").build().unwrap();
    for url in ["redis://localhost", "valkey://:hunter2@localhost:1/2", "redis://[::1]:1"] {
        RedisJobStore::open(url).unwrap();
    }
    good().other_urls(["redis://b", "redis://c"]).build().unwrap();
    RedisJobStore::builder().sentinel("main", ["redis://a:26379"]).build().unwrap();
    let invalid = [
        RedisJobStore::builder().build(),
        RedisJobStore::open(""),
        RedisJobStore::open("mysql://u:hunter2@localhost"),
        RedisJobStore::open("redis://u:hunter2@localhost:port"),
        RedisJobStore::open("redis://u:hunter2@localhost/database"),
        good().other_urls(["redis://b", "http://u:hunter2@c"]).build(),
        good().sentinel("main", [""; 0]).build(),
        good().sentinel("main", ["http://u:hunter2@c"]).build(),
        good().sentinel("main", ["redis://c"]).other_urls(["redis://b"]).build(),
        good().key_prefix("").build(),
        good().key_prefix("}").build(),
        good().jobs_key("a\nb").build(),
        good().cert_cert("client.pem").build(),
        good().cert_key("client.key").build(),
        good().connect_timeout(Duration::ZERO).build(),
        good().response_timeout(Duration::MAX).build(),
    ];
    assert_invalid_options(invalid, "hunter2");
}

#[test]
fn encryption_requires_the_feature() {
    for url in ["rediss://u:hunter2@localhost", "valkeys://u:hunter2@localhost"] {
        assert_eq!(RedisJobStore::open(url).is_ok(), cfg!(feature = "tls"), "{url}");
    }
    for builder in [good(), RedisJobStore::builder().host("localhost")] {
        assert_eq!(builder.ca_cert("ca.pem").build().is_ok(), cfg!(feature = "tls"));
    }
}

#[test]
fn debug_does_not_contain_the_password() {
    let wrong = RedisJobStore::builder().url("redis://u:hunter2@localhost:port");
    for builder in [good(), good().password("hunter2"), wrong] {
        assert!(!format!("{builder:?}").contains("hunter2"));
    }
    assert!(!format!("{:?}", good().build().unwrap()).contains("hunter2"));
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn files_with_certificates_are_read_by_the_start() {
    use punctual_core::{StoreErrorKind, error_chain};

    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    for (builder, text) in [
        (good().ca_cert("/missing.pem"), "the file of `ca_cert` can't be read"),
        (good().cert_cert("/missing.pem").cert_key(here), "the file of `cert_cert` can't be read"),
        (good().cert_cert(here).cert_key(here), "the certificates for Redis are invalid"),
    ] {
        let error = builder.build().unwrap().start().await.unwrap_err();
        let told = error_chain(&error).to_string();
        assert_eq!(error.kind(), StoreErrorKind::Invalid, "{told}");
        assert!(told.contains(text) && !told.contains("hunter2"), "{told}");
    }
}

#[tokio::test]
async fn a_store_that_is_not_started_is_unavailable() {
    let error = good().build().unwrap().next_wakeup(&TaskFilter::Any).await.unwrap_err();
    assert!(error.is_retryable());
}
