//! What is particular to a folder of files.

use std::fs::{self, File};
use std::time::Duration;

use punctual_core::{
    Encoded, JobId, JobStore, NewRecord, NodeId, StoreErrorKind, TaskFilter, TaskName, Timestamp,
};
use punctual_custom_store::FolderJobStore;
use tempfile::TempDir;

async fn started() -> (TempDir, FolderJobStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderJobStore::open_without_sync(folder.path());
    store.start().await.unwrap();
    (folder, store)
}

fn paused(id: &str) -> NewRecord {
    NewRecord {
        id: JobId::new(id).unwrap(),
        task: TaskName::new("work").unwrap(),
        definition: Encoded::from(&b"{}"[..]),
        schedule: None,
    }
}

#[tokio::test]
async fn another_layout_is_unsupported() {
    let (folder, store) = started().await;
    fs::write(folder.path().join("shared/layout/value"), r#"{"layout":2}"#).unwrap();
    let error = store.start().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unsupported, "{error}");
}

#[tokio::test]
async fn what_a_killed_process_leaves_is_no_job_and_in_nobodys_way() {
    let (folder, store) = started().await;
    store.add(vec![paused("a")]).await.unwrap();
    let jobs = folder.path().join("jobs");
    let cell = fs::read_dir(&jobs).unwrap().next().unwrap().unwrap().path();
    // It had not yet come to give the value its name,
    fs::remove_file(cell.join("value")).unwrap();
    fs::write(cell.join("next"), "{\"rec").unwrap();
    // and somebody else looks around.
    fs::write(jobs.join("notes.txt"), "?").unwrap();
    assert_eq!(store.list(None, 9).await.unwrap().records, []);
    store.add(vec![paused("a")]).await.unwrap();
    assert_eq!(store.list(None, 9).await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn a_lock_is_not_waited_for_for_ever() {
    let (folder, store) = started().await;
    let names: Vec<_> = (0..=255).map(|stripe| format!("{stripe:02x}")).collect();
    let locks = names.iter().map(|name| File::create(folder.path().join("locks").join(name)));
    let locks: Vec<File> = locks.collect::<Result<_, _>>().unwrap();
    locks.iter().for_each(|lock| lock.lock().unwrap());
    let error = store.add(vec![paused("a")]).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
    drop(locks);
    store.add(vec![paused("a")]).await.unwrap();
}

#[tokio::test]
async fn who_has_been_dead_for_a_week_is_forgotten() {
    let (folder, store) = started().await;
    let renew = async |name: &str, day: u64| {
        let now = Timestamp::from_seconds(0).saturating_add(Duration::from_secs(day * 24 * 3600));
        let until = now.saturating_add(Duration::from_secs(15));
        let node = NodeId::new(name).unwrap();
        store.renew(&node, now, until, &TaskFilter::Any).await.unwrap();
        fs::read_to_string(folder.path().join("shared/nodes/value")).unwrap()
    };
    renew("ann", 0).await;
    assert!(renew("bob", 7).await.contains("ann"));
    assert!(!renew("bob", 8).await.contains("ann"));
}
