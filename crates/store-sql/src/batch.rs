//! Batches as JSON arrays: one parameter of one prepared statement, however many rows.

use punctual_core::{BatchLimit, StoreCaps, StoreError, StoreErrorKind, TaskFilter};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use punctual_store_kit::{Wave, job_parts, parts, task_names, waves};

/// How much one statement takes.
pub(crate) const PART: BatchLimit = BatchLimit { count: 5_000, bytes: 16 << 20 };

/// What all databases can do, but for the exceptions that their dialects name.
pub(crate) const fn caps() -> StoreCaps {
    StoreCaps::shared()
        .with_history()
        .with_transactions()
        .with_max_definition(PART.bytes)
        .with_max_batch(PART)
}

/// Rows for a statement that reads them with the database's own JSON functions.
pub(crate) fn json<T: Serialize + ?Sized>(rows: &T) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(|error| {
        StoreError::new(StoreErrorKind::Other, "a batch can't be written as JSON")
            .with_source(error)
    })
}

/// The rows that a statement answered in the same way.
pub(crate) fn unjson<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| {
        StoreError::new(StoreErrorKind::Corrupt, "the database answered with wrong JSON")
            .with_source(error)
    })
}

/// The tasks that a filter lets pass, as a JSON array; none for all of them.
pub(crate) fn tasks(filter: &TaskFilter) -> Result<Option<String>, StoreError> {
    task_names(filter).map(|names| json(&names)).transpose()
}
