//! Thousands of occurrences on a connection that fails: before, in the middle of and after what it is asked for.
//! Nothing is lost, nothing runs twice that has promised so, and what is stored is whole.

mod dice;
mod flaky;
mod line;
mod remote;
mod storm;

use std::sync::Arc;

use punctual::{MemoryJobStore, MySqlJobStore, PostgresJobStore, SqliteJobStore, Synchronous};
use punctual_testkit::server_url;

use crate::flaky::Flaky;
use crate::line::Line;
use crate::remote::Remote;

#[test]
fn memory() {
    storm::rages(100, |dice| Flaky { store: Arc::new(MemoryJobStore::new()), dice });
}

#[test]
fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteJobStore::builder()
        .file(folder.path().join("jobs.sqlite"))
        // Nobody pulls the plug here.
        .synchronous(Synchronous::Normal)
        .build();
    storm::rages(100, |dice| Flaky { store: Arc::new(store.unwrap()), dice });
}

/// Tables that no other test has.
fn prefix() -> String {
    format!("faults_{}_", std::process::id())
}

#[test]
fn postgres() {
    let (line, url) = Line::to(&server_url("postgres"));
    let store = PostgresJobStore::builder().url(url).table_prefix(prefix()).build();
    storm::rages(40, |dice| Remote { store: Arc::new(store.unwrap()), line, dice });
}

#[test]
fn mysql() {
    let (line, url) = Line::to(&server_url("mysql"));
    let store = MySqlJobStore::builder().url(url).table_prefix(prefix()).build();
    storm::rages(40, |dice| Remote { store: Arc::new(store.unwrap()), line, dice });
}
