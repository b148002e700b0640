//! Thousands of occurrences on a connection that fails: before, in the middle of and after what it is asked for.
//! Nothing is lost, nothing runs twice that has promised so, and what is stored is whole.

mod dice;
mod flaky;
mod storm;

use std::sync::Arc;

use punctual::{MemoryJobStore, SqliteJobStore, Synchronous};

#[test]
fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteJobStore::builder()
        .file(folder.path().join("jobs.sqlite"))
        // Nobody pulls the plug here.
        .synchronous(Synchronous::Normal)
        .build();
    storm::rages(Arc::new(store.unwrap()));
}

#[test]
fn memory() {
    storm::rages(Arc::new(MemoryJobStore::new()));
}
