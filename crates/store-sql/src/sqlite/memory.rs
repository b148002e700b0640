//! Databases in the memory of this process.

use parking_lot::Mutex;
use punctual_core::StoreError;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};

use super::error::store_error;

/// A named in-memory database. SQLite shares it among connections by name and drops it with the last connection.
pub(super) struct Memory {
    name: String,
    /// Keeps the database alive while the store is shut down; opened by the first start.
    keep_alive_connection: Mutex<Option<SqliteConnection>>,
}

impl Memory {
    pub(super) fn new() -> Self {
        let name = format!("/punctual-{}", uuid::Uuid::new_v4().simple());
        Self { name, keep_alive_connection: Mutex::new(None) }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Opens the connection that keeps the database alive, unless it is open.
    pub(super) async fn keep_alive(&self, connect: SqliteConnectOptions) -> Result<(), StoreError> {
        if self.keep_alive_connection.lock().is_none() {
            let keep_alive_connection = connect.connect().await.map_err(store_error)?;
            *self.keep_alive_connection.lock() = Some(keep_alive_connection);
        }
        Ok(())
    }
}
