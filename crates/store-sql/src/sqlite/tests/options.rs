//! The builder's checks, and what its options do.

use std::time::Duration;

use punctual_core::{JobStore, StoreErrorKind, TaskFilter};
use sqlx::sqlite::SqlitePoolOptions;

use super::super::SqliteJobStore;
use super::{at, due};

#[test]
fn what_can_not_be_is_refused_at_once() {
    let wrong = [
        SqliteJobStore::builder().build(),
        SqliteJobStore::open(""),
        SqliteJobStore::open(":memory:"),
        SqliteJobStore::builder().in_memory().table_prefix("jobs; --").build(),
        SqliteJobStore::builder().in_memory().busy_timeout(Duration::MAX).build(),
    ];
    for store in wrong {
        assert_eq!(store.unwrap_err().kind(), StoreErrorKind::Invalid);
    }
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
    let (one, two) = (open("one_").unwrap(), open("two_").unwrap());
    one.start().await.unwrap();
    two.start().await.unwrap();
    one.add(vec![due("a", at(0))]).await.unwrap();
    assert_eq!(two.next_wakeup(&TaskFilter::Any).await.unwrap(), None);
    assert_eq!(two.remove_all().await.unwrap(), 0);
    assert_eq!(one.remove_all().await.unwrap(), 1);
}

#[tokio::test]
async fn a_pool_of_the_users_own_is_used_and_left_open() {
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    let store = SqliteJobStore::builder().pool(pool.clone()).build().unwrap();
    store.start().await.unwrap();
    store.add(vec![due("a", at(3))]).await.unwrap();
    store.shutdown().await;
    assert!(!pool.is_closed());
    store.start().await.unwrap();
    assert_eq!(store.next_wakeup(&TaskFilter::Any).await.unwrap(), Some(at(3)));
}

#[test]
fn it_starts_again_in_another_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let file = SqliteJobStore::open(folder.path().join("jobs.sqlite")).unwrap();
    for store in [file, SqliteJobStore::in_memory().unwrap()] {
        for expected in 0..3 {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                store.start().await.unwrap();
                let page = store.list(None, 9).await.unwrap();
                assert_eq!(page.records.len(), expected);
                store.add(vec![due(&expected.to_string(), at(0))]).await.unwrap();
                store.shutdown().await;
            });
        }
    }
}

#[test]
fn debug_tells_no_path() {
    let store = SqliteJobStore::open("/secret/place.sqlite").unwrap();
    assert!(!format!("{store:?}").contains("secret"));
    let builder = SqliteJobStore::builder().file("/secret/place.sqlite");
    assert!(!format!("{builder:?}").contains("secret"));
}
