//! Connections and rows for the shared code.

use punctual_core::{StoreError, StoreErrorKind};
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, MySqlConnection, Row, SqlStr, ValueRef};

use super::error::store_error;
use super::parameters::positional;
use crate::client::{Client, SqlRow, Value, bound};

impl Client for MySqlConnection {
    type Row = MySqlRow;

    async fn execute(
        &mut self,
        statement: SqlStr,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let (statement, values) = positional(statement.as_str(), values);
        let query = bound!(sqlx::MySql, AssertSqlSafe(statement), &values);
        Ok(query.execute(self).await.map_err(store_error)?.rows_affected())
    }

    async fn fetch(
        &mut self,
        statement: SqlStr,
        values: &[Value<'_>],
    ) -> Result<Vec<MySqlRow>, StoreError> {
        let (statement, values) = positional(statement.as_str(), values);
        let query = bound!(sqlx::MySql, AssertSqlSafe(statement), &values);
        query.fetch_all(self).await.map_err(store_error)
    }

    async fn script(&mut self, statements: SqlStr) -> Result<(), StoreError> {
        sqlx::raw_sql(statements).execute(self).await.map(drop).map_err(store_error)
    }
}

impl SqlRow for MySqlRow {
    fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.try_get(column).map_err(store_error)
    }

    fn nullable_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        self.try_get(column).map_err(store_error)
    }

    /// All text columns are binary, so that the server never applies a collation or padding.
    fn text(&self, column: usize) -> Result<&str, StoreError> {
        utf8(self.bytes(column)?)
    }

    fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        self.try_get(column).map_err(store_error)
    }

    fn bool(&self, column: usize) -> Result<bool, StoreError> {
        self.try_get(column).map_err(store_error)
    }

    fn is_some(&self, column: usize) -> bool {
        self.try_get_raw(column).is_ok_and(|value| !value.is_null())
    }

    fn lossy_text(&self, column: usize) -> String {
        let bytes = self.try_get_unchecked::<&[u8], _>(column);
        bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, StoreError> {
    std::str::from_utf8(bytes).map_err(|error| {
        StoreError::new(StoreErrorKind::Corrupt, "the database returned text that is not UTF-8")
            .with_source(error)
    })
}
