//! Tests that are specific to the directory store.

use std::fs::{self, File};

use punctual_core::{JobId, JobStore, NewRecord, StoreErrorKind, StoredDefinition, TaskName};
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
        definition: StoredDefinition::from(&b"{}"[..]),
        schedule: None,
    }
}

#[tokio::test]
async fn another_format_is_unsupported() {
    let (folder, store) = started().await;
    store.shutdown().await;
    let format = fs::read_dir(folder.path().join("format")).unwrap().next().unwrap().unwrap();
    fs::write(format.path().join("value"), "{\"format\":2}\n").unwrap();
    let error = store.start().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unsupported, "{error}");
}

#[tokio::test]
async fn files_of_killed_or_other_processes_are_ignored() {
    let (folder, store) = started().await;
    store.add(vec![paused("a")]).await.unwrap();
    let jobs = folder.path().join("jobs");
    let cell = fs::read_dir(&jobs).unwrap().next().unwrap().unwrap().path();
    // The process was killed before the rename,
    fs::remove_file(cell.join("value")).unwrap();
    fs::write(cell.join("next"), "{\"rec").unwrap();
    // and another program has created a file.
    fs::write(jobs.join("notes.txt"), "?").unwrap();
    assert_eq!(store.list(None, 9).await.unwrap().records, []);
    store.add(vec![paused("a")]).await.unwrap();
    assert_eq!(store.list(None, 9).await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn waiting_for_a_lock_times_out() {
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
