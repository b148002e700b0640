//! Tables that are older or newer than the code.

use punctual_core::{JobStore, StoreErrorKind, TaskFilter};

use crate::migrate::Schema;

/// What the next release may look like.
pub(crate) fn newer(schema: Schema, migration: &'static str) -> Schema {
    Schema { migrations: [schema.migrations, &[migration]].concat().leak(), ..schema }
}

/// Where there are no tables yet: a store that may make none fails, leaves none, and is content with those of
/// one that may.
pub(crate) async fn makes_no_tables(looking: &impl JobStore, making: &impl JobStore) {
    for _ in 0..2 {
        looking.start().await.unwrap_err();
    }
    making.start().await.unwrap();
    making.shutdown().await;
    looking.start().await.unwrap();
    looking.shutdown().await;
}

/// A store that may not migrate its tables, which are older, says so.
pub(crate) async fn migrates_no_tables(looking: &impl JobStore) {
    let error = looking.start().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unsupported);
    assert!(error.to_string().contains("older version"), "{error}");
}

/// A store whose tables are of version 9 says so, and which versions of this schema it knows.
pub(crate) async fn refuses_version_9(store: &impl JobStore, schema: Schema) {
    let error = store.start().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unsupported);
    let text = error.to_string();
    assert!(text.contains("version 9"), "{text}");
    assert!(text.contains(&format!("up to {}", schema.migrations.len())), "{text}");
    let error = store.next_wakeup(&TaskFilter::Any).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "it has not started");
}
