//! Tests of large values and unusual names.

use punctual_core::{JobStore, StoredDefinition, Timestamp};

use super::super::SqliteJobStore;
use super::{at, due};
use crate::testing::{remove_all, sizes};

async fn started() -> SqliteJobStore {
    let store = SqliteJobStore::in_memory().unwrap();
    store.start().await.unwrap();
    store
}

#[tokio::test]
async fn a_mebibyte_of_arguments_and_the_year_9999() {
    let store = started().await;
    let mut large = due(&"😀".repeat(191), Timestamp::MAX);
    large.definition = StoredDefinition::from(vec![0xFF; 1 << 20]);
    // These jobs need several statements.
    let many = (0..6_000).map(|n| due(&format!("{n}"), at(n))).chain([large.clone()]).collect();
    store.add(many).await.unwrap();
    let record = store.get(&large.id).await.unwrap().unwrap().record;
    assert_eq!(record.definition, large.definition);
    assert_eq!(record.schedule, large.schedule);
    assert_eq!(remove_all(&store).await.unwrap(), 6_001);
}

#[tokio::test]
async fn jobs_with_unusual_names_are_removed_with_their_last_run() {
    let store = started().await;
    sizes::jobs_with_unusual_names_are_removed_with_their_last_run(&store).await;
}
