//! Notifications.

use std::time::Duration;

use punctual_core::{ChangeWatch, JobStore, RecordUpdate, Revision, Schedule};
use punctual_testkit::calls::{add, advance, at, claim, job};
use tokio::time::timeout;

use super::database::Database;

async fn is_told(watch: &mut Box<dyn ChangeWatch>) {
    let changed = timeout(Duration::from_secs(60), watch.changed()).await;
    changed.expect("a notification").expect("no error");
}

#[tokio::test]
async fn changes_of_users_are_notified_and_runs_are_not() {
    let database = Database::new();
    let (store, other) = (database.started().await, database.started().await);
    let mut watch = store.watch().await.unwrap().expect("a watch");
    add(&other, &["a"]).await.unwrap();
    is_told(&mut watch).await;
    let signal = || {
        let table = crate::session::table(&database.name, "punctual_shared");
        Database::session().run(serde_json::json!([16, [table, "signal"]]))
    };
    let before = signal();
    let claims = claim(&other, at(1)).await.unwrap();
    advance(&other, &claims, at(90)).await.unwrap();
    assert_eq!(signal(), before, "the claiming node knows the new due time");
    let update = RecordUpdate { schedule: Some(Some(Schedule::at(at(80)))), ..Default::default() };
    other.update(&job("a", 0).id, Revision::FIRST, update).await.unwrap();
    is_told(&mut watch).await;
    store.shutdown().await;
    assert!(watch.changed().await.is_err(), "a watch ends with its store");
}

#[tokio::test]
async fn a_table_that_is_gone_ends_the_watch() {
    let database = Database::new();
    let store = database.started().await;
    let mut watch = store.watch().await.unwrap().expect("a watch");
    Database::session().drop_database(&database.name);
    let ended = timeout(Duration::from_secs(60), watch.changed()).await.expect("an end");
    assert!(ended.is_err(), "the feed can't be opened again");
}
