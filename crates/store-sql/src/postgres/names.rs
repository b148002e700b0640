//! The names of the tables within their schema.

use std::sync::Arc;

use punctual_core::StoreError;
use sqlx::{AssertSqlSafe, PgConnection, SqlSafeStr, SqlStr};

use super::sql;
use crate::client::Value::{MaybeText, Text};
use crate::client::{Client, Columns};
use crate::error::invalid;
use crate::tables::TablePrefix;

/// What is put into the text of statements, and what else follows from it.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// Schema and prefix, as tables and functions are called.
    qualified: Arc<str>,
    /// The prefix alone, for the names of indexes.
    prefix: TablePrefix,
    /// The schema, quoted.
    pub(super) schema: Arc<str>,
    pub(super) schema_exists: bool,
    /// One for all that use the same tables.
    pub(super) channel: Arc<str>,
}

impl Names {
    /// Looks up where the tables are: in this schema, or in the one where the connection makes its tables.
    pub(super) async fn find(
        connection: &mut PgConnection,
        schema: Option<&str>,
        prefix: &TablePrefix,
    ) -> Result<Self, StoreError> {
        let values = [MaybeText(schema), Text(prefix.as_str())];
        let rows = connection.fetch(SqlStr::from_static(sql::NAMES), &values).await?;
        let Some(row) = rows.first() else {
            return Err(invalid(
                "the connection has no schema for new tables: its search_path names none that exists",
            ));
        };
        let isolation = row.text(3)?;
        if isolation != "read committed" {
            return Err(invalid(format!(
                "the pool's default_transaction_isolation is {isolation}; the job store needs \
                 read committed, so that a statement sees what was committed before it"
            )));
        }
        let schema = row.text(0)?;
        Ok(Self {
            qualified: format!("{schema}.{}", prefix.as_str()).into(),
            prefix: prefix.clone(),
            schema: schema.into(),
            schema_exists: row.flag(1)?,
            channel: row.text(2)?.into(),
        })
    }

    /// A table's full name.
    pub(super) fn table(&self, name: &str) -> String {
        format!("{}{name}", self.qualified)
    }

    /// A statement of ours, which PostgreSQL wants with other signs for its parameters.
    pub(super) fn sql(&self, statement: &'static str) -> SqlStr {
        let text = statement
            .replace('?', "$")
            .replace("{p}", &self.qualified)
            .replace("{prefix}", self.prefix.as_str())
            .replace("{schema}", &self.schema);
        AssertSqlSafe(text).into_sql_str()
    }
}
