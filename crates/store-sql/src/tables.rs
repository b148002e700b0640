//! The names of the tables: the one thing that is ever put into SQL text.

use std::sync::Arc;

use punctual_core::StoreError;
use punctual_store_kit::check_name;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::error::invalid;

/// How long a prefix may be: the longest name behind it still fits where names have 63 bytes.
const MAX_PREFIX: usize = 40;

/// What the names of all tables and indexes of a store begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TablePrefix(Arc<str>);

impl TablePrefix {
    /// A letter or underscore, then letters, digits and underscores, all ASCII: nothing that any
    /// database would have quoted.
    pub(crate) fn new(prefix: &str) -> Result<Self, StoreError> {
        check_name("table prefix", prefix, MAX_PREFIX, &RESERVED)?;
        Ok(Self(prefix.into()))
    }

    /// The same for connections that may be to another database of the server.
    #[cfg(feature = "mysql")]
    pub(crate) fn in_database(&self, database: &str) -> Result<Self, StoreError> {
        // In statements of ours that is where a value stands.
        if database.contains('?') {
            return Err(invalid("there must be no question mark in the name of the database"));
        }
        Ok(Self(format!("`{}`.{}", database.replace('`', "``"), self.0).into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// A statement of ours with `{p}` replaced by the prefix. Only text that stands in this crate's
    /// source can be a statement.
    pub(crate) fn sql(&self, statement: &'static str) -> SqlStr {
        AssertSqlSafe(self.fill(statement)).into_sql_str()
    }

    pub(crate) fn fill(&self, statement: &'static str) -> String {
        statement.replace("{p}", &self.0)
    }
}

/// Checks the name of a schema; a database's own names have at most 63 bytes.
#[cfg(feature = "postgres")]
pub(crate) fn check_schema(schema: String) -> Result<String, StoreError> {
    check_name("schema", &schema, 63, &RESERVED)?;
    Ok(schema)
}

/// What SQLite and PostgreSQL keep for themselves.
const RESERVED: [&str; 2] = ["sqlite_", "pg_"];

impl Default for TablePrefix {
    fn default() -> Self {
        Self("punctual_".into())
    }
}

#[cfg(test)]
mod tests {
    use punctual_core::StoreErrorKind;

    use super::*;

    #[cfg(feature = "mysql")]
    #[test]
    fn the_name_of_a_database_is_quoted() {
        let prefix = TablePrefix::new("t_").unwrap();
        let within = prefix.in_database("a`b; --").unwrap();
        assert_eq!(within.fill("DELETE FROM {p}jobs"), "DELETE FROM `a``b; --`.t_jobs");
        let error = prefix.in_database("what?1").unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Invalid);
    }

    #[test]
    fn only_plain_names_get_into_sql() {
        for good in ["punctual_", "_", "a", "T2_"] {
            let prefix = TablePrefix::new(good).unwrap();
            assert_eq!(prefix.fill("DELETE FROM {p}jobs"), format!("DELETE FROM {good}jobs"));
        }
        let long = "x".repeat(MAX_PREFIX + 1);
        for bad in ["", "1a", "a b", "a\"", "a;--", "é", "a.b", "SQLite_x", "pg_x", &long] {
            let error = TablePrefix::new(bad).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Invalid, "{bad}");
        }
    }
}
