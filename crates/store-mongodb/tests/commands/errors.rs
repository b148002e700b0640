//! The server rejects a login, or is away.

use std::error::Error;

use punctual_core::{JobStore, StoreError, StoreErrorKind, TaskFilter};
use punctual_store_mongodb::MongoDbJobStore;
use punctual_testkit::{assert_error, server_url};

/// Checks an error, and that it has a source.
#[track_caller]
fn check_error(error: &StoreError, kind: StoreErrorKind, text: &str) {
    assert_error(error, kind, text);
    assert!(error.source().is_some(), "the source is missing");
}

#[tokio::test]
async fn a_wrong_password_or_user() {
    for (user, password) in [("punctual", "hunter2"), ("nobody", "hunter2")] {
        let builder = MongoDbJobStore::builder().url(server_url("mongodb"));
        let store = builder.username(user).password(password).build().expect("valid options");
        let error = store.start().await.expect_err("the login is wrong");
        check_error(&error, StoreErrorKind::Invalid, "rejected the user or the password");
        let error = store.next_wakeup(&TaskFilter::Any).await.expect_err("it is not started");
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    }
}

#[tokio::test]
async fn an_unreachable_server() {
    let builder = MongoDbJobStore::builder().url("mongodb://u:hunter2@127.0.0.1:1/");
    let timeout = std::time::Duration::from_millis(500);
    let store = builder.connect_timeout(timeout).build().expect("valid options");
    let error = store.start().await.expect_err("there is no server");
    check_error(&error, StoreErrorKind::Unavailable, "no MongoDB server can be reached");
    assert!(error.is_retryable());
}
