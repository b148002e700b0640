//! Tests of large values, values that are too large, and unusual names.

use punctual_core::{
    JobId, JobStore, RecordUpdate, Revision, StoreErrorKind, StoredDefinition, TaskName, Timestamp,
};
use sqlx::Row;

use super::{Tables, at, due};
use crate::testing::{remove_all, sizes};

#[tokio::test]
async fn a_mebibyte_of_arguments_and_the_year_9999() {
    let tables = Tables::new().await;
    let store = tables.started().await;
    let far = Timestamp::from_seconds(253_402_300_799);
    let mut large = due(&"😀".repeat(191), far);
    large.definition = StoredDefinition::from(vec![0xFF; 1 << 20]);
    // These jobs need several packets.
    let many: Vec<_> =
        (0..3_000).map(|n| due(&format!("{n}"), at(n))).chain([large.clone()]).collect();
    store.add(many).await.unwrap();
    let record = store.get(&large.id).await.unwrap().unwrap().record;
    assert_eq!(record.definition, large.definition);
    assert_eq!(record.schedule, large.schedule);
    assert_eq!(remove_all(&store).await.unwrap(), 3_001);
    tables.drop().await;
}

#[tokio::test]
async fn jobs_with_unusual_names_are_removed_with_their_last_run() {
    let tables = Tables::new().await;
    let store = tables.started().await;
    sizes::jobs_with_unusual_names_are_removed_with_their_last_run(&store).await;
    tables.drop().await;
}

#[tokio::test]
async fn a_definition_that_is_too_large_for_the_server() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    let row =
        sqlx::raw_sql("SELECT @@max_allowed_packet").fetch_one(&mut tables.own).await.unwrap();
    let too_much = StoredDefinition::from(vec![b'x'; row.get::<u64, _>(0) as usize + 1]);
    let mut large = due("large", at(0));
    large.definition = too_much.clone();
    let error = store.add(vec![due("small", at(0)), large]).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Invalid, "{error}");
    let text = error.to_string();
    assert!(text.contains("\"large\"") && text.contains("max_allowed_packet"), "{text}");
    assert!(store.list(None, 9).await.unwrap().records.is_empty(), "nothing was added");

    store.add(vec![due("small", at(0))]).await.unwrap();
    let id = JobId::new("small").unwrap();
    let task = TaskName::new("work").unwrap();
    let update = RecordUpdate { definition: Some((task, too_much)), ..Default::default() };
    let error = store.update(&id, Revision::FIRST, update).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Invalid, "{error}");
    assert!(error.to_string().contains("max_allowed_packet"), "{error}");
    let record = store.get(&id).await.unwrap().unwrap().record;
    assert_eq!(record.revision, Revision::FIRST, "it is unchanged");
    tables.drop().await;
}
