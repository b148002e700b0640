//! What the suite does not ask.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use punctual_core::{
    Encoded, JobId, JobStore, NewRecord, NodeId, Schedule, StoreErrorKind, TaskFilter, TaskName,
    Timestamp,
};

use crate::medium::{MemoryStore, Place, Shelf};

async fn started(shelf: Shelf) -> (Place, MemoryStore) {
    let place = Arc::new(shelf);
    let store = MemoryStore::on(&place);
    store.start().await.unwrap();
    (place, store)
}

fn due(id: &str, seconds: i64) -> NewRecord {
    NewRecord {
        id: JobId::new(id).unwrap(),
        task: TaskName::new("work").unwrap(),
        definition: Encoded::from(&b"{}"[..]),
        schedule: Some(Schedule::at(Timestamp::from_seconds(seconds))),
    }
}

#[tokio::test]
async fn whoever_always_loses_gives_up() {
    let (place, store) = started(Shelf::default()).await;
    place.loses.store(true, Ordering::SeqCst);
    let error = store.add(vec![due("a", 0)]).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(error.to_string().contains("\"a\" of jobs"), "{error}");
    place.loses.store(false, Ordering::SeqCst);
    store.add(vec![due("a", 0)]).await.unwrap();
}

#[tokio::test]
async fn what_a_newer_build_has_started_is_refused() {
    let (place, store) = started(Shelf::default()).await;
    store.shutdown().await;
    place.content().edit("format", "format", |head| head["format"] = 99.into());
    for round in 2..4 {
        let error = store.start().await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unsupported);
        assert!(error.to_string().contains("99"), "{error}");
        assert_eq!(place.closed.load(Ordering::SeqCst), round, "what was opened is closed");
    }
}

#[tokio::test]
async fn what_a_newer_build_has_written_is_set_aside() {
    let (place, store) = started(Shelf::default()).await;
    store.add(vec![due("a", 0), due("b", 0)]).await.unwrap();
    place.content().edit("jobs", "a", |head| head["format"] = 99.into());
    let page = store.list(None, 9).await.unwrap();
    assert_eq!((page.records.len(), page.corrupt.len()), (1, 1));
    assert!(page.corrupt[0].reason.contains("format is 99"), "{:?}", page.corrupt);
}

#[tokio::test]
async fn who_has_been_dead_for_a_week_is_forgotten() {
    let (place, store) = started(Shelf::default()).await;
    let renew = async |name: &str, day: u64| {
        let now = Timestamp::from_seconds(0).saturating_add(Duration::from_secs(day * 24 * 3600));
        let until = now.saturating_add(Duration::from_secs(15));
        let node = NodeId::new(name).unwrap();
        store.renew(&node, now, until, &TaskFilter::Any).await.unwrap();
        let content = place.content();
        let nodes = content.cells.keys().filter(|(kind, _)| kind.word() == "nodes");
        nodes.map(|(_, name)| name.clone()).collect::<Vec<_>>()
    };
    renew("ann", 0).await;
    assert_eq!(renew("bob", 7).await, ["ann", "bob"]);
    assert_eq!(renew("bob", 8).await, ["bob"]);
}

#[tokio::test]
async fn with_an_index_no_more_is_read_than_is_wanted() {
    let (place, store) = started(Shelf { indexed: true, ..Shelf::default() }).await;
    for part in 0..10 {
        let jobs = (0..30).map(|number| due(&format!("{part}-{number}"), part * 30 + number));
        store.add(jobs.collect()).await.unwrap();
    }
    place.read.store(0, Ordering::SeqCst);
    let node = NodeId::new("n").unwrap();
    let now = Timestamp::from_seconds(150);
    let lease = Duration::from_secs(9);
    let claims = store.claim_due(&node, now, 20, lease, &TaskFilter::Any).await.unwrap();
    assert_eq!((claims.records.len(), claims.has_more), (20, true));
    store.next_wakeup(&TaskFilter::Any).await.unwrap();
    assert_eq!(place.read.load(Ordering::SeqCst), 21 + 1);
}
