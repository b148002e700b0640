//! Files that are removed or replaced while they are open.

use std::fs;
use std::path::{Path, PathBuf};

use punctual_core::{
    AddOutcome, JobStore, NodeId, StoreError, StoreErrorKind, TaskFilter, Timestamp, error_chain,
};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions, Row};
use tempfile::TempDir;

use super::super::SqliteJobStore;
use super::{at, due, tells};

/// A started store in `jobs.sqlite` of a folder, with the job `old`.
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

/// A file with one job, and nothing beside it.
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

/// The next call fails, and says why.
async fn is_told(store: &SqliteJobStore) {
    let generation = store.generation();
    let error = add(store, "lost").await.unwrap_err();
    is_replaced(&error);
    assert_eq!(store.generation(), generation + 1);
}

fn is_replaced(error: &StoreError) {
    assert_eq!(error.kind(), StoreErrorKind::Replaced, "{error}");
    assert!(error.to_string().contains("removed or replaced"), "{error}");
    assert!(error.is_retryable());
    let told = error_chain(error).to_string();
    assert!(!told.contains("sqlite"), "no path in errors: {told}");
}

async fn is_sound(path: &Path) {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    let found = sqlx::query("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(found.get::<&str, _>(0), "ok");
}

#[tokio::test]
async fn a_removed_file_is_made_anew() {
    let (_folder, path, store) = open().await;
    fs::remove_file(&path).unwrap();
    is_told(&store).await;
    assert_eq!(jobs(&store).await, Vec::<String>::new());
    add(&store, "new").await.unwrap();
    store.shutdown().await;
    let reopened = SqliteJobStore::open(&path).unwrap();
    reopened.start().await.unwrap();
    assert_eq!(jobs(&reopened).await, ["new"]);
    is_sound(&path).await;
}

#[tokio::test]
async fn everything_that_belongs_to_it_may_be_removed_with_it() {
    let (_folder, path, store) = open().await;
    for ending in ["", "-wal", "-shm"] {
        fs::remove_file(beside(&path, ending)).unwrap();
    }
    is_told(&store).await;
    add(&store, "new").await.unwrap();
    assert_eq!(jobs(&store).await, ["new"]);
}

#[tokio::test]
async fn who_makes_no_tables_makes_no_file() {
    let (_folder, path, made) = open().await;
    made.shutdown().await;
    let store = SqliteJobStore::builder().file(&path).make_tables(false).build().unwrap();
    store.start().await.unwrap();
    fs::remove_file(&path).unwrap();
    is_told(&store).await;
    for _ in 0..2 {
        let error = add(&store, "new").await.unwrap_err();
        tells(&error, StoreErrorKind::Unavailable, "can't be opened");
    }
    assert!(!path.exists());
    backup(&path, "restored").await;
    assert_eq!(jobs(&store).await, ["restored"]);
}

#[tokio::test]
async fn a_restored_backup_holds_what_it_held() {
    let (folder, path, store) = open().await;
    let restored = folder.path().join("backup.sqlite");
    backup(&restored, "restored").await;
    // Many pages of the old file are in its log: none may get into the new one.
    for n in 0..200 {
        add(&store, &format!("late-{n}")).await.unwrap();
    }
    fs::rename(&restored, &path).unwrap();
    assert!(beside(&path, "-wal").metadata().unwrap().len() > 0, "the old log is left behind");
    is_told(&store).await;
    assert_eq!(jobs(&store).await, ["restored"]);
    add(&store, "new").await.unwrap();
    store.shutdown().await;
    let reopened = SqliteJobStore::open(&path).unwrap();
    reopened.start().await.unwrap();
    assert_eq!(jobs(&reopened).await, ["new", "restored"]);
    is_sound(&path).await;
}

#[tokio::test]
async fn all_who_have_it_open_go_on_together() {
    let (folder, path, store) = open().await;
    let other = SqliteJobStore::open(&path).unwrap();
    other.start().await.unwrap();
    let restored = folder.path().join("backup.sqlite");
    backup(&restored, "restored").await;
    fs::rename(&restored, &path).unwrap();
    is_told(&store).await;
    add(&store, "new").await.unwrap();
    // It is the later one who finds a log that is in use.
    is_told(&other).await;
    add(&other, "newer").await.unwrap();
    for store in [&store, &other] {
        assert_eq!(jobs(store).await, ["new", "newer", "restored"]);
    }
    store.shutdown().await;
    other.shutdown().await;
    is_sound(&path).await;
}

#[tokio::test]
async fn a_log_that_comes_with_the_new_file_is_a_part_of_it() {
    let (folder, path, store) = open().await;
    let restored = folder.path().join("backup.sqlite");
    // Copied while it is in use, together with its log, where its job is.
    let busy = with_job(&folder.path().join("other.sqlite"), "restored").await;
    for ending in ["", "-wal"] {
        let from = beside(&folder.path().join("other.sqlite"), ending);
        fs::copy(from, beside(&restored, ending)).unwrap();
    }
    busy.shutdown().await;
    for ending in ["-wal", ""] {
        fs::rename(beside(&restored, ending), beside(&path, ending)).unwrap();
    }
    is_told(&store).await;
    assert_eq!(jobs(&store).await, ["restored"]);
}

#[tokio::test]
async fn a_file_that_is_moved_away_takes_everything_with_it() {
    let (folder, path, store) = open().await;
    let moved = folder.path().join("moved.sqlite");
    fs::rename(&path, &moved).unwrap();
    is_told(&store).await;
    assert_eq!(jobs(&store).await, Vec::<String>::new());
    let archive = SqliteJobStore::open(&moved).unwrap();
    archive.start().await.unwrap();
    assert_eq!(jobs(&archive).await, ["old"]);
}

#[tokio::test]
async fn a_removed_folder_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let store = with_job(&inner.join("jobs.sqlite"), "old").await;
    fs::remove_dir_all(&inner).unwrap();
    is_told(&store).await;
    for _ in 0..2 {
        let error = add(&store, "new").await.unwrap_err();
        tells(&error, StoreErrorKind::Unavailable, "can't be opened");
    }
    fs::create_dir(&inner).unwrap();
    add(&store, "new").await.unwrap();
    assert_eq!(jobs(&store).await, ["new"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_that_points_elsewhere_is_followed() {
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
    is_told(&store).await;
    assert_eq!(jobs(&store).await, ["of-two"]);
    assert_eq!(jobs(&still_there).await, ["late", "of-one"], "its log is its own");
    add(&still_there, "later").await.unwrap();

    // A link in the place of a file.
    fs::remove_file(&two).unwrap();
    std::os::unix::fs::symlink(&one, &two).unwrap();
    is_told(&store).await;
    assert_eq!(jobs(&store).await, ["late", "later", "of-one"]);
}

#[tokio::test]
async fn a_pool_of_the_users_own_is_left_alone() {
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
        assert!(error.to_string().contains("can't open anew"), "{error}");
    }
    assert!(!pool.is_closed());
    fs::rename(&away, &path).unwrap();
    assert_eq!(jobs(&store).await, ["old"]);
}

#[tokio::test]
async fn shut_down_it_leaves_no_log_for_the_next_file() {
    let (folder, path, store) = open().await;
    let restored = folder.path().join("backup.sqlite");
    backup(&restored, "restored").await;
    fs::rename(&restored, &path).unwrap();
    store.shutdown().await;
    store.start().await.unwrap();
    assert_eq!(jobs(&store).await, ["restored"]);
}

#[tokio::test]
async fn calls_at_the_same_time_open_it_once() {
    let (_folder, path, store) = open().await;
    fs::remove_file(&path).unwrap();
    is_told(&store).await;
    let node = NodeId::new("here").unwrap();
    let renew = store.renew(&node, at(0), Timestamp::MAX, &TaskFilter::Any);
    let (added, listed, renewed) = tokio::join!(add(&store, "new"), store.list(None, 9), renew);
    added.unwrap();
    listed.unwrap();
    renewed.unwrap();
    assert_eq!(store.generation(), 1);
    assert_eq!(jobs(&store).await, ["new"]);
}
