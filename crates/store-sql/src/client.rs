//! The interface of a connection that the shared code uses, with few types of parameters and columns.
//!
//! With the traits of sqlx, each function would need a dozen bounds. The macro at the end of this file implements the
//! interface for each database.

use std::future::Future;

use punctual_core::StoreError;
use sqlx::SqlStr;

/// A parameter of a statement.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Int(i64),
    NullableInt(Option<i64>),
    Text(&'a str),
    NullableText(Option<&'a str>),
    Bytes(&'a [u8]),
    Bool(bool),
}

/// A connection. Statements are those of `sql.rs`; the first value is bound to `?1`.
pub(crate) trait Client: Send {
    type Row: SqlRow;

    /// Executes a statement and returns the number of changed rows.
    fn execute(
        &mut self,
        statement: SqlStr,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Executes a statement and returns all rows.
    fn fetch(
        &mut self,
        statement: SqlStr,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<Self::Row>, StoreError>> + Send;

    /// Executes several statements without parameters.
    fn script(&mut self, statements: SqlStr)
    -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A row, whose columns are accessed by index.
pub(crate) trait SqlRow: Send + Sync + 'static {
    fn int(&self, column: usize) -> Result<i64, StoreError>;
    fn nullable_int(&self, column: usize) -> Result<Option<i64>, StoreError>;
    fn text(&self, column: usize) -> Result<&str, StoreError>;
    fn bytes(&self, column: usize) -> Result<&[u8], StoreError>;
    fn bool(&self, column: usize) -> Result<bool, StoreError>;

    /// Whether the column is not NULL.
    fn is_some(&self, column: usize) -> bool;

    /// The stored bytes as text, regardless of their type and validity.
    fn lossy_text(&self, column: usize) -> String;
}

/// Implements [`Client`] for a connection of sqlx, given the database, its connection, its row, and the function that
/// converts its errors.
macro_rules! client {
    ($database:ty, $connection:ty, $row:ty, $error:path) => {
        impl $crate::client::Client for $connection {
            type Row = $row;

            async fn execute(
                &mut self,
                statement: sqlx::SqlStr,
                values: &[$crate::client::Value<'_>],
            ) -> Result<u64, punctual_core::StoreError> {
                let query = $crate::client::bound!($database, statement, values);
                Ok(query.execute(self).await.map_err($error)?.rows_affected())
            }

            async fn fetch(
                &mut self,
                statement: sqlx::SqlStr,
                values: &[$crate::client::Value<'_>],
            ) -> Result<Vec<$row>, punctual_core::StoreError> {
                let query = $crate::client::bound!($database, statement, values);
                query.fetch_all(self).await.map_err($error)
            }

            async fn script(
                &mut self,
                statements: sqlx::SqlStr,
            ) -> Result<(), punctual_core::StoreError> {
                sqlx::raw_sql(statements).execute(self).await.map(drop).map_err($error)
            }
        }

        impl $crate::client::SqlRow for $row {
            $crate::client::columns! { $error;
                int: i64, nullable_int: Option<i64>, text: &str, bytes: &[u8], bool: bool
            }

            fn is_some(&self, column: usize) -> bool {
                sqlx::Row::try_get_raw(self, column)
                    .is_ok_and(|value| !sqlx::ValueRef::is_null(&value))
            }

            fn lossy_text(&self, column: usize) -> String {
                let bytes = sqlx::Row::try_get_unchecked::<&[u8], _>(self, column);
                bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
            }
        }
    };
}

macro_rules! bound {
    ($database:ty, $statement:expr, $values:expr) => {{
        use $crate::client::Value;
        let mut query = sqlx::query::<$database>($statement);
        for value in $values {
            query = match *value {
                Value::Int(value) => query.bind(value),
                Value::NullableInt(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
                Value::NullableText(value) => query.bind(value),
                Value::Bytes(value) => query.bind(value),
                Value::Bool(value) => query.bind(value),
            };
        }
        query
    }};
}

macro_rules! columns {
    ($error:path; $($kind:ident: $type:ty),*) => {$(
        fn $kind(&self, column: usize) -> Result<$type, punctual_core::StoreError> {
            sqlx::Row::try_get(self, column).map_err($error)
        }
    )*};
}

pub(crate) use {bound, client, columns};
