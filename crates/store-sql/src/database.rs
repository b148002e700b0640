//! An open database: what all dialects do in the same way.

use punctual_core::StoreError;
use sqlx::Transaction;

use crate::client::{Client, Value};
use crate::dialect::Dialect;

/// The connections of an open store with the contract's operations, which are in the files named after
/// what they are about; clones share the connections.
#[derive(Clone, Debug)]
pub(crate) struct Database<D> {
    pub(crate) dialect: D,
}

impl<D: Dialect> Database<D> {
    pub(crate) async fn end(
        &self,
        transaction: Transaction<'static, D::Database>,
    ) -> Result<(), StoreError> {
        transaction.commit().await.map_err(D::error)
    }

    /// Runs a statement; how many rows it changed.
    pub(crate) async fn execute(
        &self,
        connection: &mut D::Connection,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        connection.execute(self.dialect.sql(statement), values).await
    }

    /// Runs a statement; the rows that it answers.
    pub(crate) async fn fetch(
        &self,
        connection: &mut D::Connection,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<<D::Connection as Client>::Row>, StoreError> {
        connection.fetch(self.dialect.sql(statement), values).await
    }

    /// The same for one that only reads or is a transaction by itself, on a connection of its own.
    pub(crate) async fn ask(
        &self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<<D::Connection as Client>::Row>, StoreError> {
        let mut connection = self.dialect.read().await?;
        let rows = self.fetch(&mut connection, statement, values).await?;
        connection.finish();
        Ok(rows)
    }

    /// Runs a statement in a transaction of its own; how many rows it changed.
    pub(crate) async fn change(
        &self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let mut transaction = self.dialect.write().await?;
        let changed = self.execute(&mut transaction, statement, values).await?;
        self.end(transaction).await?;
        Ok(changed)
    }
}
