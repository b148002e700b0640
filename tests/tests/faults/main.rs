//! Thousands of occurrences on a connection that fails: before, in the middle of and after what it is asked for.
//! Nothing is lost, nothing runs twice that has promised so, and what is stored is whole.

mod dice;
mod flaky;
mod line;
mod storm;

use std::sync::Arc;

use punctual::{MemoryJobStore, MySqlJobStore, PostgresJobStore, SqliteJobStore, Synchronous};
use punctual_tests::server::Server;

use crate::flaky::Flaky;
use crate::line::Line;

#[test]
fn memory() {
    storm::rages(100, |dice| Flaky { store: Arc::new(MemoryJobStore::new()), dice, line: None });
}

#[test]
fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteJobStore::builder()
        .file(folder.path().join("jobs.sqlite"))
        // Nobody pulls the plug here.
        .synchronous(Synchronous::Normal)
        .build();
    storm::rages(100, |dice| Flaky { store: Arc::new(store.unwrap()), dice, line: None });
}

#[test]
fn postgres() {
    let server = Server::start("postgres");
    let (line, url) = Line::to(server.url());
    let store = PostgresJobStore::open(&url).unwrap();
    storm::rages(40, |dice| Flaky { store: Arc::new(store), dice, line: Some(line) });
}

#[test]
fn mysql() {
    let server = Server::start("mysql");
    let (line, url) = Line::to(server.url());
    let store = MySqlJobStore::open(&url).unwrap();
    storm::rages(40, |dice| Flaky { store: Arc::new(store), dice, line: Some(line) });
}
