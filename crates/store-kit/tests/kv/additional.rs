//! Tests of what the conformance suite does not cover.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use punctual_core::{
    CommitBatch, HistoryRecord, JobId, JobStore, NewRecord, NodeId, OutcomeKind, RunHistory, RunId,
    Schedule, StoreErrorKind, StoredDefinition, TaskFilter, TaskName, Timestamp,
};

use crate::memory_store::{MemoryStore, SharedStorage, Storage};

async fn started(storage: Storage) -> (SharedStorage, MemoryStore) {
    let storage = Arc::new(storage);
    let store = MemoryStore::on(&storage);
    store.start().await.unwrap();
    (storage, store)
}

fn due(id: &str, seconds: i64) -> NewRecord {
    NewRecord {
        id: JobId::new(id).unwrap(),
        task: TaskName::new("work").unwrap(),
        definition: StoredDefinition::from(&b"{}"[..]),
        schedule: Some(Schedule::at(Timestamp::from_seconds(seconds))),
    }
}

#[tokio::test]
async fn permanent_contention_is_an_error() {
    let (storage, store) = started(Storage::default()).await;
    storage.fails_swaps.store(true, Ordering::SeqCst);
    let error = store.add(vec![due("a", 0)]).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(error.to_string().contains("\"a\" in jobs"), "{error}");
    storage.fails_swaps.store(false, Ordering::SeqCst);
    store.add(vec![due("a", 0)]).await.unwrap();
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_unsupported() {
    let (storage, store) = started(Storage::default()).await;
    store.shutdown().await;
    storage.content().edit("format", "format", |header| header["format"] = 99.into());
    for round in 2..4 {
        let error = store.start().await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unsupported);
        assert!(error.to_string().contains("99"), "{error}");
        assert_eq!(storage.closed.load(Ordering::SeqCst), round, "a failed start closes the store");
    }
}

#[tokio::test]
async fn an_entry_of_a_newer_version_is_corrupt() {
    let (storage, store) = started(Storage::default()).await;
    store.add(vec![due("a", 0), due("b", 0)]).await.unwrap();
    storage.content().edit("jobs", "a", |header| header["format"] = 99.into());
    let page = store.list(None, 9).await.unwrap();
    assert_eq!((page.records.len(), page.corrupt.len()), (1, 1));
    assert!(page.corrupt[0].reason.contains("format is 99"), "{:?}", page.corrupt);
}

#[tokio::test]
async fn an_expired_lease_is_removed_after_a_week() {
    let (storage, store) = started(Storage::default()).await;
    let renew = async |key: &str, day: u64| {
        let now = Timestamp::from_seconds(0).saturating_add(Duration::from_secs(day * 24 * 3600));
        let until = now.saturating_add(Duration::from_secs(15));
        let node = NodeId::new(key).unwrap();
        store.renew(&node, now, until, &TaskFilter::Any).await.unwrap();
        let content = storage.content();
        let nodes = content.entries.keys().filter(|(namespace, _)| namespace.as_str() == "nodes");
        nodes.map(|(_, key)| key.clone()).collect::<Vec<_>>()
    };
    renew("ann", 0).await;
    assert_eq!(renew("bob", 7).await, ["ann", "bob"]);
    assert_eq!(renew("bob", 8).await, ["bob"]);
}

#[tokio::test]
async fn with_an_index_only_matching_jobs_are_read() {
    let (storage, store) = started(Storage { indexed: true, ..Storage::default() }).await;
    for part in 0..10 {
        let jobs = (0..30).map(|number| due(&format!("{part}-{number}"), part * 30 + number));
        store.add(jobs.collect()).await.unwrap();
    }
    storage.read.store(0, Ordering::SeqCst);
    let node = NodeId::new("n").unwrap();
    let now = Timestamp::from_seconds(150);
    let lease = Duration::from_secs(9);
    let claims = store.claim_due(&node, now, 20, lease, &TaskFilter::Any).await.unwrap();
    assert_eq!((claims.records.len(), claims.has_more), (20, true));
    store.next_wakeup(&TaskFilter::Any).await.unwrap();
    assert_eq!(storage.read.load(Ordering::SeqCst), 21 + 1);
}

const JOBS: u64 = 20;
const ENTRIES: u64 = 60;
const KEEP: u64 = 10;

/// A store in which each of these jobs has so many history entries, and no entry was read yet.
async fn with_history(indexed: bool) -> (SharedStorage, MemoryStore, Vec<JobId>) {
    let (storage, store) = started(Storage { indexed, ..Storage::default() }).await;
    let jobs: Vec<_> = (0..JOBS).map(|job| JobId::new(format!("job-{job}")).unwrap()).collect();
    for job in &jobs {
        let entry = |second| HistoryRecord {
            job_id: job.clone(),
            task: TaskName::new("work").unwrap(),
            run_id: RunId::random(),
            scheduled_time: Timestamp::from_seconds(second),
            attempt: 1,
            started: Some(Timestamp::from_seconds(second)),
            finished: Timestamp::from_seconds(second),
            outcome: OutcomeKind::Success,
            error: None,
            node: NodeId::new("n").unwrap(),
        };
        let entries = (0..ENTRIES as i64).map(entry).collect();
        store.commit(CommitBatch::new(Vec::new(), entries)).await.unwrap();
    }
    storage.read.store(0, Ordering::SeqCst);
    (storage, store, jobs)
}

#[tokio::test]
async fn trimming_the_history_reads_little_more_than_it_removes() {
    let (storage, store, jobs) = with_history(true).await;
    let mut removed = 0;
    loop {
        let now = store.trim_history(&jobs, KEEP as usize, 100).await.unwrap();
        removed += now;
        if now < 100 {
            break;
        }
    }
    assert_eq!(removed, JOBS * (ENTRIES - KEEP));
    let read = storage.read.load(Ordering::SeqCst);
    assert!(read < 4 * removed, "{read} entries were read to remove {removed}");
}

#[tokio::test]
async fn without_an_index_trimming_reads_the_history_twice() {
    let (storage, store, jobs) = with_history(false).await;
    let removed = store.trim_history(&jobs, KEEP as usize, 10_000).await.unwrap();
    assert_eq!(removed, JOBS * (ENTRIES - KEEP));
    let read = storage.read.load(Ordering::SeqCst);
    assert!(read <= 2 * JOBS * ENTRIES, "{read} entries were read");
}
