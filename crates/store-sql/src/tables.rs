//! The names of the tables: the only text that is inserted into SQL statements.

use std::sync::Arc;

use punctual_core::StoreError;
use punctual_store_kit::check_name;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::error::invalid;

/// The maximum length of a prefix: the longest name fits into the limit of 63 bytes of PostgreSQL.
const MAX_PREFIX: usize = 40;

/// The prefix of the names of all tables and indexes of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TablePrefix(Arc<str>);

impl TablePrefix {
    /// Validates the prefix: a letter or underscore, followed by letters, digits and underscores, all ASCII, so that no
    /// database requires quoting.
    pub(crate) fn new(prefix: &str) -> Result<Self, StoreError> {
        check_name("table prefix", prefix, MAX_PREFIX, &RESERVED)?;
        Ok(Self(prefix.into()))
    }

    /// The prefix qualified by a database, for connections whose current database may be another one.
    #[cfg(feature = "mysql")]
    pub(crate) fn in_database(&self, database: &str) -> Result<Self, StoreError> {
        // A question mark would be taken for a parameter.
        if database.contains('?') {
            return Err(invalid("the name of the database must not contain a question mark"));
        }
        Ok(Self(format!("`{}`.{}", database.replace('`', "``"), self.0).into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Replaces `{p}` in a statement by the prefix. Only text in the source code of this crate can be a statement.
    pub(crate) fn sql(&self, statement: &'static str) -> SqlStr {
        AssertSqlSafe(self.fill(statement)).into_sql_str()
    }

    pub(crate) fn fill(&self, statement: &'static str) -> String {
        statement.replace("{p}", &self.0)
    }
}

/// Validates the name of a schema, which can have at most 63 bytes.
#[cfg(feature = "postgres")]
pub(crate) fn check_schema(schema: String) -> Result<String, StoreError> {
    check_name("schema", &schema, 63, &RESERVED)?;
    Ok(schema)
}

/// Prefixes that SQLite and PostgreSQL reserve.
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
    fn only_names_without_special_characters_are_inserted_into_sql() {
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
