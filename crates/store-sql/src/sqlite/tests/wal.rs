//! Tests of the size of the write-ahead log.

use std::path::Path;

use punctual_core::{JobStore, NodeId, TaskFilter};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};

use super::super::SqliteJobStore;
use super::{at, due};
use crate::testing::remove_all;

const MIB: u64 = 1 << 20;

fn wal_size(path: &Path) -> u64 {
    path.with_extension("sqlite-wal").metadata().unwrap().len()
}

/// Renews a lease until this second, as an idle scheduler does.
async fn renew(store: &SqliteJobStore, until: i64) {
    let node = NodeId::new("here").unwrap();
    store.renew(&node, at(0), at(until), &TaskFilter::Any).await.unwrap();
}

/// Writes to the WAL without adding jobs permanently.
async fn write(store: &SqliteJobStore, batches: usize) {
    for _ in 0..batches {
        let batch = (0..1_000).map(|n| due(&n.to_string(), at(0))).collect();
        store.add(batch).await.unwrap();
        remove_all(store).await.unwrap();
    }
}

#[tokio::test]
async fn the_wal_shrinks_when_the_store_is_idle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    let store = SqliteJobStore::open(&path).unwrap();
    store.start().await.unwrap();
    renew(&store, 10).await;
    write(&store, 10).await;
    assert!(wal_size(&path) > 2 * MIB, "{} bytes", wal_size(&path));
    // The first renewal checkpoints the WAL, the second one restarts it.
    renew(&store, 20).await;
    renew(&store, 30).await;
    assert!(wal_size(&path) <= MIB, "{} bytes", wal_size(&path));
    assert_eq!(store.list(None, 9).await.unwrap().records.len(), 0);
}

#[tokio::test]
async fn the_wal_shrinks_after_a_long_read_transaction() {
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
    assert!(wal_size(&path) > 16 * MIB, "a reader prevents truncation: {}", wal_size(&path));
    reading.rollback().await.unwrap();
    renew(&store, 70).await;
    renew(&store, 80).await;
    assert!(wal_size(&path) <= MIB, "{} bytes", wal_size(&path));
}
