//! Tests of the builder and of its options.

use std::time::Duration;

use punctual_core::{JobStore, TaskFilter};
use punctual_testkit::assert_invalid_options;
use sqlx::sqlite::SqlitePoolOptions;

use super::super::SqliteJobStore;
use super::{at, due};
use crate::testing::options::{are_separate, keeps_the_pool_open, restarts_in_another_runtime};

#[test]
fn invalid_options_are_rejected_by_the_builder() {
    assert_invalid_options(
        [
            SqliteJobStore::builder().build(),
            SqliteJobStore::open(""),
            SqliteJobStore::open(":memory:"),
            SqliteJobStore::builder().in_memory().table_prefix("jobs; --").build(),
            SqliteJobStore::builder().in_memory().busy_timeout(Duration::MAX).build(),
        ],
        "hunter2",
    );
}

#[tokio::test]
async fn a_store_that_is_not_started_is_unavailable() {
    let store = SqliteJobStore::in_memory().unwrap();
    let error = store.next_wakeup(&TaskFilter::Any).await.unwrap_err();
    assert!(error.is_retryable());
    store.start().await.unwrap();
    store.shutdown().await;
    assert!(store.add(vec![due("a", at(0))]).await.unwrap_err().is_retryable());
}

#[tokio::test]
async fn stores_with_different_prefixes_are_separate() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    let open = |prefix: &str| SqliteJobStore::builder().file(&path).table_prefix(prefix).build();
    are_separate(&open("one_").unwrap(), &open("two_").unwrap()).await;
}

#[tokio::test]
async fn a_user_provided_pool_is_used_and_kept_open() {
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    let store = SqliteJobStore::builder().pool(pool.clone()).build().unwrap();
    keeps_the_pool_open(&store, &pool).await;
}

#[test]
fn a_store_restarts_in_another_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let file = SqliteJobStore::open(folder.path().join("jobs.sqlite")).unwrap();
    for store in [file, SqliteJobStore::in_memory().unwrap()] {
        restarts_in_another_runtime(&store);
    }
}

#[test]
fn debug_does_not_contain_the_path() {
    let store = SqliteJobStore::open("/secret/location.sqlite").unwrap();
    assert!(!format!("{store:?}").contains("secret"));
    let builder = SqliteJobStore::builder().file("/secret/location.sqlite");
    assert!(!format!("{builder:?}").contains("secret"));
}
