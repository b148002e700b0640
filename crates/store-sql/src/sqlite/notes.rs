//! Small texts that schedulers leave for each other.

use punctual_core::StoreError;

use super::database::Database;
use super::error::store_error;
use super::{rows, sql};

impl Database {
    pub(super) async fn notes(&self) -> Result<Vec<(String, String)>, StoreError> {
        let query = sqlx::query(self.sql(sql::NOTES));
        let found = query.fetch_all(&mut *self.read().await?).await.map_err(store_error)?;
        found.iter().map(|row| Ok((rows::get(row, 0)?, rows::get(row, 1)?))).collect()
    }

    pub(super) async fn set_note(&self, key: &str, text: &str) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        let query = sqlx::query(self.sql(sql::SET_NOTE)).bind(key).bind(text);
        query.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }
}
