//! The names of the tables in their schema.

use std::sync::Arc;

use punctual_core::StoreError;
use sqlx::{AssertSqlSafe, PgConnection, SqlSafeStr, SqlStr};

use super::sql;
use crate::client::Value::{NullableText, Text};
use crate::client::{Client, SqlRow};
use crate::error::invalid;
use crate::tables::TablePrefix;

/// The names that are inserted into statements, and names derived from them.
#[derive(Clone, Debug)]
pub(super) struct QualifiedNames {
    /// Schema and prefix, for tables and functions.
    qualified: Arc<str>,
    /// The prefix alone, for the names of indexes.
    prefix: TablePrefix,
    /// The schema, quoted.
    pub(super) schema: Arc<str>,
    pub(super) schema_exists: bool,
    /// The notification channel, which all stores with the same tables share.
    pub(super) channel: Arc<str>,
}

impl QualifiedNames {
    /// Determines the schema of the tables: the given one, or the one in which the connection creates tables.
    pub(super) async fn find(
        connection: &mut PgConnection,
        schema: Option<&str>,
        prefix: &TablePrefix,
    ) -> Result<Self, StoreError> {
        let values = [NullableText(schema), Text(prefix.as_str())];
        let rows = connection.fetch(SqlStr::from_static(sql::NAMES), &values).await?;
        let Some(row) = rows.first() else {
            return Err(invalid(
                "the connection has no schema for new tables: its search_path contains no existing schema",
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
            schema_exists: row.bool(1)?,
            channel: row.text(2)?.into(),
        })
    }

    /// The qualified name of a table.
    pub(super) fn table(&self, name: &str) -> String {
        format!("{}{name}", self.qualified)
    }

    /// Inserts the names into a statement of this crate, and converts its parameters to PostgreSQL's syntax.
    pub(super) fn sql(&self, statement: &'static str) -> SqlStr {
        let text = statement
            .replace('?', "$")
            .replace("{p}", &self.qualified)
            .replace("{prefix}", self.prefix.as_str())
            .replace("{schema}", &self.schema);
        AssertSqlSafe(text).into_sql_str()
    }
}
