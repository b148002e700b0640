//! Tests of files that are removed or replaced while they are open.

use std::fs;
use std::path::{Path, PathBuf};

use punctual_core::{
    AddOutcome, JobStore, NodeId, StoreError, StoreErrorKind, TaskFilter, Timestamp, error_chain,
};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions, Row};
use tempfile::TempDir;

use super::super::SqliteJobStore;
use super::{assert_store_error, at, due};

/// A started store in the file `jobs.sqlite` in a directory, with the job `old`.
async fn open() -> (TempDir, PathBuf, SqliteJobStore) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    let store = with_job(&path, "old").await;
    (folder, path, store)
}

async fn with_job(path: &Path, name: &str) -> SqliteJobStore {
    let store = SqliteJobStore::open(path).unwrap();
    store.start().await.unwrap();
    add(&store, name).await.unwrap();
    store
}

/// Creates a database file with one job and without a WAL.
async fn backup(path: &Path, name: &str) {
    with_job(path, name).await.shutdown().await;
    assert!(!beside(path, "-wal").exists());
}

async fn add(store: &SqliteJobStore, name: &str) -> Result<Vec<AddOutcome>, StoreError> {
    store.add(vec![due(name, at(0))]).await
}

async fn jobs(store: &SqliteJobStore) -> Vec<String> {
    let page = store.list(None, 10_000).await.unwrap();
    page.records.iter().map(|record| record.id.to_string()).collect()
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Checks that the next call fails with `Replaced`.
async fn assert_detected(store: &SqliteJobStore) {
    let generation = store.generation();
    let error = add(store, "lost").await.unwrap_err();
    is_replaced(&error);
    assert_eq!(store.generation(), generation + 1);
}

fn is_replaced(error: &StoreError) {
    assert_eq!(error.kind(), StoreErrorKind::Replaced, "{error}");
    assert!(error.to_string().contains("removed or replaced"), "{error}");
    assert!(error.is_retryable());
    let message = error_chain(error).to_string();
    assert!(!message.contains("sqlite"), "the error must not contain the path: {message}");
}

async fn is_sound(path: &Path) {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    let found = sqlx::query("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(found.get::<&str, _>(0), "ok");
}

#[tokio::test]
async fn a_removed_file_is_recreated() {
    let (_folder, path, store) = open().await;
    fs::remove_file(&path).unwrap();
    assert_detected(&store).await;
    assert_eq!(jobs(&store).await, Vec::<String>::new());
    add(&store, "new").await.unwrap();
    store.shutdown().await;
    let reopened = SqliteJobStore::open(&path).unwrap();
    reopened.start().await.unwrap();
    assert_eq!(jobs(&reopened).await, ["new"]);
    is_sound(&path).await;
}

#[tokio::test]
async fn the_wal_may_be_removed_with_the_file() {
    let (_folder, path, store) = open().await;
    for ending in ["", "-wal", "-shm"] {
        fs::remove_file(beside(&path, ending)).unwrap();
    }
    assert_detected(&store).await;
    add(&store, "new").await.unwrap();
    assert_eq!(jobs(&store).await, ["new"]);
}

#[tokio::test]
async fn with_make_tables_disabled_the_file_is_not_recreated() {
    let (_folder, path, made) = open().await;
    made.shutdown().await;
    let store = SqliteJobStore::builder().file(&path).make_tables(false).build().unwrap();
    store.start().await.unwrap();
    fs::remove_file(&path).unwrap();
    assert_detected(&store).await;
    for _ in 0..2 {
        let error = add(&store, "new").await.unwrap_err();
        assert_store_error(&error, StoreErrorKind::Unavailable, "can't be opened");
    }
    assert!(!path.exists());
    backup(&path, "restored").await;
    assert_eq!(jobs(&store).await, ["restored"]);
}

#[tokio::test]
async fn a_restored_backup_keeps_its_content() {
    let (folder, path, store) = open().await;
    let restored = folder.path().join("backup.sqlite");
    backup(&restored, "restored").await;
    // Many pages of the old file are in its WAL: none of them may be applied to the new file.
    for n in 0..200 {
        add(&store, &format!("late-{n}")).await.unwrap();
    }
    fs::rename(&restored, &path).unwrap();
    assert!(beside(&path, "-wal").metadata().unwrap().len() > 0, "the old WAL still exists");
    assert_detected(&store).await;
    assert_eq!(jobs(&store).await, ["restored"]);
    add(&store, "new").await.unwrap();
    store.shutdown().await;
    let reopened = SqliteJobStore::open(&path).unwrap();
    reopened.start().await.unwrap();
    assert_eq!(jobs(&reopened).await, ["new", "restored"]);
    is_sound(&path).await;
}

#[tokio::test]
async fn several_stores_reopen_the_same_file() {
    let (folder, path, store) = open().await;
    let other = SqliteJobStore::open(&path).unwrap();
    other.start().await.unwrap();
    let restored = folder.path().join("backup.sqlite");
    backup(&restored, "restored").await;
    fs::rename(&restored, &path).unwrap();
    assert_detected(&store).await;
    add(&store, "new").await.unwrap();
    // When the second store detects the replacement, the new WAL is in use.
    assert_detected(&other).await;
    add(&other, "newer").await.unwrap();
    for store in [&store, &other] {
        assert_eq!(jobs(store).await, ["new", "newer", "restored"]);
    }
    store.shutdown().await;
    other.shutdown().await;
    is_sound(&path).await;
}

#[tokio::test]
async fn a_wal_that_was_restored_with_the_file_is_kept() {
    let (folder, path, store) = open().await;
    let restored = folder.path().join("backup.sqlite");
    // The backup is copied while the database is open, with a WAL that contains the job.
    let busy = with_job(&folder.path().join("other.sqlite"), "restored").await;
    for ending in ["", "-wal"] {
        let from = beside(&folder.path().join("other.sqlite"), ending);
        fs::copy(from, beside(&restored, ending)).unwrap();
    }
    busy.shutdown().await;
    for ending in ["-wal", ""] {
        fs::rename(beside(&restored, ending), beside(&path, ending)).unwrap();
    }
    assert_detected(&store).await;
    assert_eq!(jobs(&store).await, ["restored"]);
}

#[tokio::test]
async fn a_moved_file_contains_all_commits() {
    let (folder, path, store) = open().await;
    let moved = folder.path().join("moved.sqlite");
    fs::rename(&path, &moved).unwrap();
    assert_detected(&store).await;
    assert_eq!(jobs(&store).await, Vec::<String>::new());
    let archive = SqliteJobStore::open(&moved).unwrap();
    archive.start().await.unwrap();
    assert_eq!(jobs(&archive).await, ["old"]);
}

#[tokio::test]
async fn a_removed_directory_may_be_recreated() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let store = with_job(&inner.join("jobs.sqlite"), "old").await;
    fs::remove_dir_all(&inner).unwrap();
    assert_detected(&store).await;
    for _ in 0..2 {
        let error = add(&store, "new").await.unwrap_err();
        assert_store_error(&error, StoreErrorKind::Unavailable, "can't be opened");
    }
    fs::create_dir(&inner).unwrap();
    add(&store, "new").await.unwrap();
    assert_eq!(jobs(&store).await, ["new"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_changed_symbolic_link_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two, link] = ["one", "two", "link"].map(|name| folder.path().join(name));
    backup(&one, "of-one").await;
    backup(&two, "of-two").await;
    std::os::unix::fs::symlink(&one, &link).unwrap();
    let store = SqliteJobStore::open(&link).unwrap();
    store.start().await.unwrap();
    let still_there = SqliteJobStore::open(&one).unwrap();
    still_there.start().await.unwrap();
    add(&store, "late").await.unwrap();

    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&two, &link).unwrap();
    assert_detected(&store).await;
    assert_eq!(jobs(&store).await, ["of-two"]);
    assert_eq!(jobs(&still_there).await, ["late", "of-one"], "its WAL was not removed");
    add(&still_there, "later").await.unwrap();

    // The file is replaced by a link.
    fs::remove_file(&two).unwrap();
    std::os::unix::fs::symlink(&one, &two).unwrap();
    assert_detected(&store).await;
    assert_eq!(jobs(&store).await, ["late", "later", "of-one"]);
}

#[tokio::test]
async fn the_file_of_a_user_provided_pool_is_not_reopened() {
    let (_folder, path, made) = open().await;
    made.shutdown().await;
    let connect = SqliteConnectOptions::new().filename(&path);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(connect).await.unwrap();
    let store = SqliteJobStore::builder().pool(pool.clone()).build().unwrap();
    store.start().await.unwrap();
    let away = beside(&path, "-away");
    fs::rename(&path, &away).unwrap();
    for _ in 0..2 {
        let error = add(&store, "lost").await.unwrap_err();
        is_replaced(&error);
        assert!(error.to_string().contains("can't reopen"), "{error}");
    }
    assert!(!pool.is_closed());
    fs::rename(&away, &path).unwrap();
    assert_eq!(jobs(&store).await, ["old"]);
}

#[tokio::test]
async fn shutdown_removes_the_wal_of_a_replaced_file() {
    let (folder, path, store) = open().await;
    let restored = folder.path().join("backup.sqlite");
    backup(&restored, "restored").await;
    fs::rename(&restored, &path).unwrap();
    store.shutdown().await;
    store.start().await.unwrap();
    assert_eq!(jobs(&store).await, ["restored"]);
}

#[tokio::test]
async fn concurrent_calls_reopen_the_file_once() {
    let (_folder, path, store) = open().await;
    fs::remove_file(&path).unwrap();
    assert_detected(&store).await;
    let node = NodeId::new("here").unwrap();
    let renew = store.renew(&node, at(0), Timestamp::MAX, &TaskFilter::Any);
    let (added, listed, renewed) = tokio::join!(add(&store, "new"), store.list(None, 9), renew);
    added.unwrap();
    listed.unwrap();
    renewed.unwrap();
    assert_eq!(store.generation(), 1);
    assert_eq!(jobs(&store).await, ["new"]);
}
