//! How older tables become newer ones.

use punctual_core::{StoreError, StoreErrorKind};
use sqlx::SqlStr;

use crate::client::{Client, Columns, Value};

const READ_VERSION: &str = "SELECT version FROM {p}schema";
const WRITE_VERSION: &str = "INSERT INTO {p}schema (version) VALUES (?1)";
const RAISE_VERSION: &str = "UPDATE {p}schema SET version = ?1";

/// The tables of a dialect.
pub(crate) struct Schema {
    /// Makes the table `{p}schema`, unless it is there: one column `version`, one row.
    pub(crate) create_version: &'static str,
    /// What each version adds to the one before; version 1 is the first entry. Never edit one that has been
    /// released: add another.
    pub(crate) migrations: &'static [&'static str],
}

impl Schema {
    /// Brings the tables to the newest version. The caller holds a lock: of several processes that start
    /// at once, one does it and the others find it done.
    pub(crate) async fn migrate(
        &self,
        connection: &mut impl Client,
        sql: impl Fn(&'static str) -> SqlStr,
    ) -> Result<(), StoreError> {
        connection.script(sql(self.create_version)).await?;
        let version = Self::version(connection, &sql).await?;
        // One statement, for where statements that make tables commit.
        let mut write = if version.is_none() { WRITE_VERSION } else { RAISE_VERSION };
        let version = version.unwrap_or(0);
        for (number, migration) in (version + 1..).zip(self.missing(version)?) {
            connection.script(sql(migration)).await?;
            connection.execute(sql(write), &[Value::Int(number)]).await?;
            write = RAISE_VERSION;
        }
        Ok(())
    }

    /// For those who may not, or don't want to, make or migrate any: an error if that is due.
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
                "the job tables are of an older version than this build's, {}: \
                 a store that may make tables has to be started first",
                self.migrations.len()
            ),
        ))
    }

    /// Whether there is nothing to do; an error if there are no tables yet.
    pub(crate) async fn is_current(
        &self,
        connection: &mut impl Client,
        sql: impl Fn(&'static str) -> SqlStr,
    ) -> Result<bool, StoreError> {
        let version = Self::version(connection, sql).await?.unwrap_or(0);
        Ok(self.missing(version)?.is_empty())
    }

    async fn version(
        connection: &mut impl Client,
        sql: impl Fn(&'static str) -> SqlStr,
    ) -> Result<Option<i64>, StoreError> {
        let rows = connection.fetch(sql(READ_VERSION), &[]).await?;
        rows.first().map(|row| row.int(0)).transpose()
    }

    /// The migrations after this version.
    fn missing(&self, version: i64) -> Result<&'static [&'static str], StoreError> {
        let done = usize::try_from(version).unwrap_or(usize::MAX);
        self.migrations.get(done..).ok_or_else(|| {
            StoreError::new(
                StoreErrorKind::Unsupported,
                format!(
                    "the job tables are of version {version}, and this build knows versions up to \
                     {}: use a newer build",
                    self.migrations.len()
                ),
            )
        })
    }
}
