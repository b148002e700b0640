//! Tests of unusable files, full disks and lock timeouts.

use std::time::Duration;

use punctual_core::{JobStore, StoreErrorKind, TaskFilter, error_chain};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions, Connection};

use super::super::SqliteJobStore;
use super::{assert_store_error, at, claim, due};
use crate::testing::failures::writes_are_rejected;

#[tokio::test]
async fn a_missing_directory() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteJobStore::open(folder.path().join("missing/jobs.sqlite")).unwrap();
    let error = store.start().await.unwrap_err();
    assert_store_error(&error, StoreErrorKind::Unavailable, "can't be opened");
    assert!(error.to_string().contains("missing/jobs.sqlite"), "{error}");
    assert!(error_chain(&error).to_string().contains("does not exist"), "{error:?}");
    std::fs::create_dir(folder.path().join("missing")).unwrap();
    store.start().await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_not_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    std::fs::write(&path, "text that is longer than the header of a database file ".repeat(40))
        .unwrap();
    let error = SqliteJobStore::open(&path).unwrap().start().await.unwrap_err();
    assert_store_error(&error, StoreErrorKind::Corrupt, "not a database");
}

#[tokio::test]
async fn a_read_only_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    let writable = SqliteJobStore::open(&path).unwrap();
    writable.start().await.unwrap();

    let read_only = SqliteConnectOptions::new().filename(&path).read_only(true);
    let pool = SqlitePoolOptions::new().connect_with(read_only).await.unwrap();
    let store = SqliteJobStore::builder().pool(pool).build().unwrap();
    writes_are_rejected(&store, &writable, StoreErrorKind::Invalid, "read-only").await;
}

#[tokio::test]
async fn a_full_disk_does_not_affect_stored_jobs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    let small = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .pragma("max_page_count", "40");
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(small).await.unwrap();
    let store = SqliteJobStore::builder().pool(pool).build().unwrap();
    store.start().await.unwrap();
    store.add(vec![due("first", at(0))]).await.unwrap();
    let many = (0..5_000).map(|n| due(&format!("{n}"), at(1))).collect();
    let error = store.add(many).await.unwrap_err();
    assert_store_error(&error, StoreErrorKind::Unavailable, "disk is full");

    let page = store.list(None, 9).await.unwrap();
    assert_eq!(page.records.len(), 1, "the batch was rolled back");
    let claims = claim(&store).await.unwrap();
    assert_eq!(claims.len(), 1, "stored jobs can be claimed");
}

#[tokio::test]
async fn a_lock_timeout() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    let store = SqliteJobStore::builder()
        .file(&path)
        .busy_timeout(Duration::from_millis(1))
        .build()
        .unwrap();
    store.start().await.unwrap();
    let mut other = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let error = store.add(vec![due("a", at(0))]).await.unwrap_err();
    assert_store_error(&error, StoreErrorKind::Unavailable, "locked");
    assert!(error.is_retryable());
    store.next_wakeup(&TaskFilter::Any).await.expect("readers don't wait for a writer");
    held.rollback().await.unwrap();
    store.add(vec![due("a", at(0))]).await.unwrap();
}
