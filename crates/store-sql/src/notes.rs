//! Small texts that schedulers leave for each other.

use punctual_core::StoreError;

use crate::client::{Columns, Value};
use crate::database::Database;
use crate::dialect::Dialect;

impl<D: Dialect> Database<D> {
    pub(crate) async fn notes(&self) -> Result<Vec<(String, String)>, StoreError> {
        let found = self.ask(D::STATEMENTS.notes, &[]).await?;
        found.iter().map(|row| Ok((row.text(0)?.into(), row.text(1)?.into()))).collect()
    }

    pub(crate) async fn set_note(&self, key: &str, text: &str) -> Result<(), StoreError> {
        let values = [Value::Text(key), Value::Text(text)];
        self.change(D::STATEMENTS.set_note, &values).await.map(drop)
    }

    /// Leaves a note unless there is one, as a part of the connection's transaction.
    pub(crate) async fn note_in(
        &self,
        connection: &mut D::Connection,
        key: &str,
        text: &str,
    ) -> Result<(), StoreError> {
        let values = [Value::Text(key), Value::Text(text)];
        self.execute(connection, D::STATEMENTS.add_note, &values).await.map(drop)
    }
}
