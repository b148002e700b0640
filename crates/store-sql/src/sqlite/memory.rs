//! A database in this process's memory.

use parking_lot::Mutex;
use punctual_core::StoreError;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};

use super::error::store_error;

/// SQLite shares it among the connections of a process by its name, and drops it with the last of them.
pub(super) struct Memory {
    name: String,
    /// Keeps it alive while the store is shut down; from the first start on.
    anchor: Mutex<Option<SqliteConnection>>,
}

impl Memory {
    pub(super) fn new() -> Self {
        let name = format!("/punctual-{}", uuid::Uuid::new_v4().simple());
        Self { name, anchor: Mutex::new(None) }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) async fn keep(&self, connect: SqliteConnectOptions) -> Result<(), StoreError> {
        if self.anchor.lock().is_none() {
            let anchor = connect.connect().await.map_err(store_error)?;
            *self.anchor.lock() = Some(anchor);
        }
        Ok(())
    }
}
