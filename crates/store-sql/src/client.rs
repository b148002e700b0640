//! What the shared code needs of a connection: a few kinds of values in, a few kinds of columns out.
//!
//! With sqlx's own traits each function would have a dozen bounds; so the one macro at the end is written
//! out for each database.

use std::future::Future;

use punctual_core::StoreError;
use sqlx::SqlStr;

/// A value for a statement's parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Int(i64),
    MaybeInt(Option<i64>),
    Text(&'a str),
    MaybeText(Option<&'a str>),
    Bytes(&'a [u8]),
    Flag(bool),
}

/// A connection. Statements are those of `sql.rs`, and their first parameter takes the first value.
pub(crate) trait Client: Send {
    type Row: Columns;

    /// How many rows were changed.
    fn execute(
        &mut self,
        statement: SqlStr,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// All rows that it answers.
    fn fetch(
        &mut self,
        statement: SqlStr,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<Self::Row>, StoreError>> + Send;

    /// Several statements without parameters.
    fn script(&mut self, statements: SqlStr)
    -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A row, by the numbers of its columns.
pub(crate) trait Columns: Send + Sync + 'static {
    fn int(&self, column: usize) -> Result<i64, StoreError>;
    fn maybe_int(&self, column: usize) -> Result<Option<i64>, StoreError>;
    fn text(&self, column: usize) -> Result<&str, StoreError>;
    fn bytes(&self, column: usize) -> Result<&[u8], StoreError>;
    fn flag(&self, column: usize) -> Result<bool, StoreError>;

    /// Whether there is anything.
    fn is_some(&self, column: usize) -> bool;

    /// A text as it is stored, whatever it is.
    fn raw(&self, column: usize) -> String;
}

/// Makes a [`Client`] of a connection of sqlx: the database, its connection, its row, and the function
/// that says what its errors mean.
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

        impl $crate::client::Columns for $row {
            $crate::client::columns! { $error;
                int: i64, maybe_int: Option<i64>, text: &str, bytes: &[u8], flag: bool
            }

            fn is_some(&self, column: usize) -> bool {
                sqlx::Row::try_get_raw(self, column)
                    .is_ok_and(|value| !sqlx::ValueRef::is_null(&value))
            }

            fn raw(&self, column: usize) -> String {
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
                Value::MaybeInt(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
                Value::MaybeText(value) => query.bind(value),
                Value::Bytes(value) => query.bind(value),
                Value::Flag(value) => query.bind(value),
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
