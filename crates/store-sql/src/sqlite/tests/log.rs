//! The write-ahead log: how large it gets, and that it shrinks.

use std::path::Path;

use punctual_core::{JobStore, NodeId, TaskFilter};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};

use super::super::SqliteJobStore;
use super::{at, due};
use crate::testing::remove_all;

const MIB: u64 = 1 << 20;

fn log_size(path: &Path) -> u64 {
    path.with_extension("sqlite-wal").metadata().unwrap().len()
}

/// Renews a lease until that second, as a scheduler does that has nothing else to do.
async fn renew(store: &SqliteJobStore, until: i64) {
    let node = NodeId::new("here").unwrap();
    store.renew(&node, at(0), at(until), &TaskFilter::Any).await.unwrap();
}

/// Writes to the log without adding to what is stored.
async fn write(store: &SqliteJobStore, batches: usize) {
    for _ in 0..batches {
        let batch = (0..1_000).map(|n| due(&n.to_string(), at(0))).collect();
        store.add(batch).await.unwrap();
        remove_all(store).await.unwrap();
    }
}

#[tokio::test]
async fn it_shrinks_again_when_there_is_less_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    let store = SqliteJobStore::open(&path).unwrap();
    store.start().await.unwrap();
    renew(&store, 10).await;
    write(&store, 10).await;
    assert!(log_size(&path) > 2 * MIB, "{} bytes", log_size(&path));
    // The first takes over what is in the log, the second begins it anew.
    renew(&store, 20).await;
    renew(&store, 30).await;
    assert!(log_size(&path) <= MIB, "{} bytes", log_size(&path));
    assert_eq!(store.list(None, 9).await.unwrap().records.len(), 0);
}

#[tokio::test]
async fn it_shrinks_after_somebody_has_read_for_long() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    let store = SqliteJobStore::open(&path).unwrap();
    store.start().await.unwrap();
    renew(&store, 40).await;
    let mut other = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    let mut reading = other.begin().await.unwrap();
    reading.execute("SELECT count(*) FROM punctual_jobs").await.unwrap();
    write(&store, 60).await;
    renew(&store, 50).await;
    renew(&store, 60).await;
    assert!(log_size(&path) > 16 * MIB, "what is being read stays: {}", log_size(&path));
    reading.rollback().await.unwrap();
    renew(&store, 70).await;
    renew(&store, 80).await;
    assert!(log_size(&path) <= MIB, "{} bytes", log_size(&path));
}
