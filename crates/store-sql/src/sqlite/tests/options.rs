//! The builder's checks, and what its options do.

use std::time::Duration;

use punctual_core::{JobStore, TaskFilter};
use sqlx::sqlite::SqlitePoolOptions;

use super::super::SqliteJobStore;
use super::{at, due};
use crate::testing::options::{
    are_kept_apart, are_refused, leaves_the_pool_open, starts_again_in_another_runtime,
};

#[test]
fn what_can_not_be_is_refused_at_once() {
    are_refused([
        SqliteJobStore::builder().build(),
        SqliteJobStore::open(""),
        SqliteJobStore::open(":memory:"),
        SqliteJobStore::builder().in_memory().table_prefix("jobs; --").build(),
        SqliteJobStore::builder().in_memory().busy_timeout(Duration::MAX).build(),
    ]);
}

#[tokio::test]
async fn a_store_that_is_not_started_says_so() {
    let store = SqliteJobStore::in_memory().unwrap();
    let error = store.next_wakeup(&TaskFilter::Any).await.unwrap_err();
    assert!(error.is_retryable());
    store.start().await.unwrap();
    store.shutdown().await;
    assert!(store.add(vec![due("a", at(0))]).await.unwrap_err().is_retryable());
}

#[tokio::test]
async fn prefixes_keep_stores_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    let open = |prefix: &str| SqliteJobStore::builder().file(&path).table_prefix(prefix).build();
    are_kept_apart(&open("one_").unwrap(), &open("two_").unwrap()).await;
}

#[tokio::test]
async fn a_pool_of_the_users_own_is_used_and_left_open() {
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    let store = SqliteJobStore::builder().pool(pool.clone()).build().unwrap();
    leaves_the_pool_open(&store, &pool).await;
}

#[test]
fn it_starts_again_in_another_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let file = SqliteJobStore::open(folder.path().join("jobs.sqlite")).unwrap();
    for store in [file, SqliteJobStore::in_memory().unwrap()] {
        starts_again_in_another_runtime(&store);
    }
}

#[test]
fn debug_tells_no_path() {
    let store = SqliteJobStore::open("/secret/place.sqlite").unwrap();
    assert!(!format!("{store:?}").contains("secret"));
    let builder = SqliteJobStore::builder().file("/secret/place.sqlite");
    assert!(!format!("{builder:?}").contains("secret"));
}
