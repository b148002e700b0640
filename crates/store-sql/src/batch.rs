//! Batches as JSON arrays: one parameter of one prepared statement, regardless of the number of rows.

use punctual_core::{BatchLimit, StoreCaps, StoreError, StoreErrorKind, TaskFilter};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use punctual_store_kit::{CommitGroup, commit_groups, job_chunks, parts, task_names};

/// The limit of one statement.
pub(crate) const STATEMENT_LIMIT: BatchLimit = BatchLimit { count: 5_000, bytes: 16 << 20 };

/// The capabilities that all databases have in common.
pub(crate) const fn caps() -> StoreCaps {
    StoreCaps::shared()
        .with_history()
        .with_transactions()
        .with_max_definition(STATEMENT_LIMIT.bytes)
        .with_max_batch(STATEMENT_LIMIT)
}

/// Serializes rows for a statement that parses them with the JSON functions of the database.
pub(crate) fn json<T: Serialize + ?Sized>(rows: &T) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(|error| {
        StoreError::new(StoreErrorKind::Other, "can't serialize a batch as JSON").with_source(error)
    })
}

/// Parses the JSON that a statement returned.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| {
        StoreError::new(StoreErrorKind::Corrupt, "the database returned invalid JSON")
            .with_source(error)
    })
}

/// The tasks that a filter matches, as a JSON array, or `None` if it matches all tasks.
pub(crate) fn tasks(filter: &TaskFilter) -> Result<Option<String>, StoreError> {
    task_names(filter).map(|names| json(&names)).transpose()
}
