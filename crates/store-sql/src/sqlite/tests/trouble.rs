//! Files that can't be written, disks that are full, locks that don't come free.

use std::time::Duration;

use punctual_core::{JobStore, StoreErrorKind, TaskFilter, error_chain};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions, Connection};

use super::super::SqliteJobStore;
use super::{at, claim, due, tells};
use crate::testing::trouble::only_reads;

#[tokio::test]
async fn a_missing_folder() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteJobStore::open(folder.path().join("missing/jobs.sqlite")).unwrap();
    let error = store.start().await.unwrap_err();
    tells(&error, StoreErrorKind::Unavailable, "can't be opened");
    assert!(!error_chain(&error).to_string().contains("missing"), "no path in errors");
    std::fs::create_dir(folder.path().join("missing")).unwrap();
    store.start().await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    std::fs::write(&path, "just text, and enough of it to be taken for a header ".repeat(40))
        .unwrap();
    let error = SqliteJobStore::open(&path).unwrap().start().await.unwrap_err();
    tells(&error, StoreErrorKind::Corrupt, "no database");
}

#[tokio::test]
async fn a_database_that_may_only_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    let writable = SqliteJobStore::open(&path).unwrap();
    writable.start().await.unwrap();

    let read_only = SqliteConnectOptions::new().filename(&path).read_only(true);
    let pool = SqlitePoolOptions::new().connect_with(read_only).await.unwrap();
    let store = SqliteJobStore::builder().pool(pool).build().unwrap();
    only_reads(&store, &writable, StoreErrorKind::Invalid, "may not be written").await;
}

#[tokio::test]
async fn a_full_disk_loses_nothing() {
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
    tells(&error, StoreErrorKind::Unavailable, "disk is full");

    let page = store.list(None, 9).await.unwrap();
    assert_eq!(page.records.len(), 1, "the batch is not there in part");
    let claims = claim(&store).await.unwrap();
    assert_eq!(claims.len(), 1, "and the jobs that are there still run");
}

#[tokio::test]
async fn a_lock_that_does_not_come_free() {
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
    tells(&error, StoreErrorKind::Unavailable, "locked");
    assert!(error.is_retryable());
    store.next_wakeup(&TaskFilter::Any).await.expect("readers don't wait for a writer");
    held.rollback().await.unwrap();
    store.add(vec![due("a", at(0))]).await.unwrap();
}
