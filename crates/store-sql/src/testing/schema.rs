//! Tests of tables with an older or newer version than the code.

use punctual_core::{JobStore, StoreErrorKind, TaskFilter};

use crate::migrate::Schema;

/// A schema with one more migration, as in the next release.
pub(crate) fn newer(schema: Schema, migration: &'static str) -> Schema {
    Schema { migrations: [schema.migrations, &[migration]].concat().leak(), ..schema }
}

/// Checks that without tables a store with `make_tables(false)` fails and creates none, and that it accepts the tables
/// that another store has created.
pub(crate) async fn creates_no_tables(looking: &impl JobStore, making: &impl JobStore) {
    for _ in 0..2 {
        looking.start().await.unwrap_err();
    }
    making.start().await.unwrap();
    making.shutdown().await;
    looking.start().await.unwrap();
    looking.shutdown().await;
}

/// Checks that a store with `make_tables(false)` reports tables of an older version.
pub(crate) async fn migrates_no_tables(looking: &impl JobStore) {
    let error = looking.start().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unsupported);
    assert!(error.to_string().contains("older version"), "{error}");
}

/// Checks that a store reports tables of version 9, and the supported versions.
pub(crate) async fn rejects_version_9(store: &impl JobStore, schema: Schema) {
    let error = store.start().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unsupported);
    let text = error.to_string();
    assert!(text.contains("version 9"), "{text}");
    assert!(text.contains(&format!("up to {}", schema.migrations.len())), "{text}");
    let error = store.next_wakeup(&TaskFilter::Any).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "not started");
}
