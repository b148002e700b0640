//! Migration of the schema.

use punctual_core::{StoreError, StoreErrorKind};
use sqlx::SqlStr;

use crate::client::{Client, SqlRow, Value};

const READ_VERSION: &str = "SELECT version FROM {p}schema";
const INSERT_VERSION: &str = "INSERT INTO {p}schema (version) VALUES (?1)";
const UPDATE_VERSION: &str = "UPDATE {p}schema SET version = ?1";

/// The tables of a dialect.
pub(crate) struct Schema {
    /// Creates the table `{p}schema`, if it does not exist, with one column `version` and one row.
    pub(crate) create_version: &'static str,
    /// The changes of each version; version 1 is the first entry. Never edit a migration that has been released:
    /// append another one.
    pub(crate) migrations: &'static [&'static str],
}

impl Schema {
    /// Migrates the tables to the newest version. The caller must hold a lock, so that only one of several processes
    /// that start concurrently executes the migrations.
    pub(crate) async fn migrate(
        &self,
        connection: &mut impl Client,
        sql: impl Fn(&'static str) -> SqlStr,
    ) -> Result<(), StoreError> {
        connection.script(sql(self.create_version)).await?;
        let version = Self::version(connection, &sql).await?;
        // A single statement writes the version, because in some databases `CREATE TABLE` commits implicitly.
        let mut write = if version.is_none() { INSERT_VERSION } else { UPDATE_VERSION };
        let version = version.unwrap_or(0);
        for (number, migration) in (version + 1..).zip(self.pending(version)?) {
            connection.script(sql(migration)).await?;
            connection.execute(sql(write), &[Value::Int(number)]).await?;
            write = UPDATE_VERSION;
        }
        Ok(())
    }

    /// For stores opened with `make_tables(false)`: fails if a migration is pending.
    pub(crate) async fn check(
        &self,
        connection: &mut impl Client,
        sql: impl Fn(&'static str) -> SqlStr,
    ) -> Result<(), StoreError> {
        if self.is_current(connection, sql).await? {
            return Ok(());
        }
        Err(StoreError::new(
            StoreErrorKind::Unsupported,
            format!(
                "the job tables have an older version than {}, which this version requires: \
                 start a store with make_tables enabled first",
                self.migrations.len()
            ),
        ))
    }

    /// Whether no migration is pending. Fails if the tables don't exist.
    pub(crate) async fn is_current(
        &self,
        connection: &mut impl Client,
        sql: impl Fn(&'static str) -> SqlStr,
    ) -> Result<bool, StoreError> {
        let version = Self::version(connection, sql).await?.unwrap_or(0);
        Ok(self.pending(version)?.is_empty())
    }

    async fn version(
        connection: &mut impl Client,
        sql: impl Fn(&'static str) -> SqlStr,
    ) -> Result<Option<i64>, StoreError> {
        let rows = connection.fetch(sql(READ_VERSION), &[]).await?;
        rows.first().map(|row| row.int(0)).transpose()
    }

    /// The migrations that follow this version.
    fn pending(&self, version: i64) -> Result<&'static [&'static str], StoreError> {
        let done = usize::try_from(version).unwrap_or(usize::MAX);
        self.migrations.get(done..).ok_or_else(|| {
            StoreError::new(
                StoreErrorKind::Unsupported,
                format!(
                    "the job tables have version {version}, but this version supports versions up to \
                     {}: upgrade this program",
                    self.migrations.len()
                ),
            )
        })
    }
}
