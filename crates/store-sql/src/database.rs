//! An open database: the operations that all dialects have in common.

use punctual_core::StoreError;
use sqlx::Transaction;

use crate::client::{Client, Value};
use crate::dialect::Dialect;

/// The connections of an open store, with the operations of the contract, which are in separate files by topic. Clones
/// share the connections.
#[derive(Clone, Debug)]
pub(crate) struct Database<D> {
    pub(crate) dialect: D,
}

impl<D: Dialect> Database<D> {
    pub(crate) async fn commit(
        &self,
        transaction: Transaction<'static, D::Database>,
    ) -> Result<(), StoreError> {
        transaction.commit().await.map_err(D::error)
    }

    /// Executes a statement and returns the number of changed rows.
    pub(crate) async fn execute(
        &self,
        connection: &mut D::Connection,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        connection.execute(self.dialect.sql(statement), values).await
    }

    /// Executes a statement and returns its rows.
    pub(crate) async fn fetch(
        &self,
        connection: &mut D::Connection,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<<D::Connection as Client>::Row>, StoreError> {
        connection.fetch(self.dialect.sql(statement), values).await
    }

    /// Executes a read-only or autocommit statement on its own connection and returns its rows.
    pub(crate) async fn query(
        &self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<<D::Connection as Client>::Row>, StoreError> {
        let mut connection = self.dialect.read().await?;
        let rows = self.fetch(&mut connection, statement, values).await?;
        connection.release();
        Ok(rows)
    }

    /// Executes a statement in its own transaction and returns the number of changed rows.
    pub(crate) async fn execute_in_transaction(
        &self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let mut transaction = self.dialect.write().await?;
        let changed = self.execute(&mut transaction, statement, values).await?;
        self.commit(transaction).await?;
        Ok(changed)
    }
}
