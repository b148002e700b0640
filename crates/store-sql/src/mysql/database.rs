//! The connections.

use std::time::Duration;

use punctual_core::{StoreCaps, StoreError, StoreErrorKind};
use sqlx::mysql::MySqlRow;
use sqlx::{MySqlConnection, MySqlPool, SqlStr, Transaction};

use super::error::{is_collision, store_error};
use super::options::Options;
use super::script::{Answer, Script};
use super::{schema, sql};
use crate::batch::caps;
use crate::client::{Client, Columns, Value};
use crate::dialect::{ABANDONED, Dialect};
use crate::error::invalid;
use crate::lent::Lent;
use crate::sql::{HistoryStatements, Statements};
use crate::tables::TablePrefix;

/// MySQL ends a connection on which nothing was said for so long as [`ABANDONED`]: somewhat sooner it is not used
/// any more.
const UNUSED: Duration = ABANDONED.saturating_sub(Duration::from_secs(1));

/// What stands in a statement beside the definition of a job, at most.
pub(super) const AROUND: usize = 8 * 1024;

/// The largest definition that every server takes: two digits for each byte, in a packet of the least size that a
/// server may be set to (`sql::SERVER`).
const MAX_DEFINITION: usize = (4_194_304 - AROUND) / 2;

/// The connections to a MySQL or MariaDB database.
#[derive(Clone, Debug)]
pub(crate) struct MySql {
    pool: MySqlPool,
    pub(super) tables: TablePrefix,
    /// How many bytes the server takes at once.
    pub(super) max_packet: usize,
    /// Whether the connections are ours to close.
    owned: bool,
}

impl MySql {
    /// Statements for a transaction of their own.
    pub(super) fn script(&self) -> Script<'_> {
        let mut script = Script::new(&self.tables);
        script.push(sql::READ_COMMITTED, &[]);
        script.push(sql::START, &[]);
        script
    }

    /// Carries such statements out and commits.
    pub(super) async fn run(&self, mut script: Script<'_>) -> Result<Vec<Answer>, StoreError> {
        script.push(sql::COMMIT, &[]);
        self.carry_out(script).await
    }

    /// Carries statements out, each of which is a transaction unless it is in one.
    pub(super) async fn carry_out(&self, script: Script<'_>) -> Result<Vec<Answer>, StoreError> {
        // Left in the middle of a transaction, of which sqlx knows nothing, it is closed, which undoes it.
        let mut connection = self.read().await?;
        let answers = script.run(&mut connection).await.map_err(store_error)?;
        connection.finish();
        Ok(answers)
    }
}

impl Dialect for MySql {
    type Options = Options;
    type Database = sqlx::MySql;
    type Connection = MySqlConnection;

    const STATEMENTS: Statements = sql::STATEMENTS;
    const HISTORY: HistoryStatements = sql::HISTORY;

    fn caps(_options: &Options) -> StoreCaps {
        caps().with_clock().with_max_definition(MAX_DEFINITION)
    }

    async fn open(options: &Options) -> Result<Self, StoreError> {
        let (pool, owned) = options.server.pool(&options.limits, settings(options), UNUSED);
        let mut database = Self { pool, tables: options.tables.clone(), max_packet: 0, owned };
        match database.prepare(options).await {
            Ok(()) => Ok(database),
            Err(error) => {
                database.close().await;
                Err(error)
            }
        }
    }

    /// As long as a connection and a call on it may take.
    fn patience(options: &Options) -> Option<Duration> {
        Some(options.limits.patience())
    }

    async fn close(&self) {
        if self.owned {
            self.pool.close().await;
        }
    }

    fn sql(&self, statement: &'static str) -> SqlStr {
        self.tables.sql(statement)
    }

    fn error(error: sqlx::Error) -> StoreError {
        store_error(error)
    }

    fn is_collision(error: &sqlx::Error) -> bool {
        is_collision(error)
    }

    async fn write(&self) -> Result<Transaction<'static, sqlx::MySql>, StoreError> {
        self.pool.begin_with(sql::BEGIN).await.map_err(store_error)
    }

    async fn read(&self) -> Result<Lent<sqlx::MySql>, StoreError> {
        self.pool.acquire().await.map(Lent::by_server).map_err(store_error)
    }

    async fn snapshot(&self) -> Result<Transaction<'static, sqlx::MySql>, StoreError> {
        self.pool.begin_with(sql::BEGIN_SNAPSHOT).await.map_err(store_error)
    }

    async fn prolong(&self, values: &[Value<'_>]) -> Result<Option<MySqlRow>, StoreError> {
        // A transaction each: only the first of them writes.
        let mut script = Script::new(&self.tables);
        let prolonged = script.push(sql::PROLONG, values);
        let look = script.push(sql::STATEMENTS.look, values);
        let mut answers = self.carry_out(script).await?;
        let is_alive = answers[prolonged].found();
        Ok(answers[look].rows.pop().filter(|_| is_alive))
    }
}

impl MySql {
    /// Looks at the server, and sees to the tables.
    async fn prepare(&mut self, options: &Options) -> Result<(), StoreError> {
        let mut connection = self.read().await?;
        let rows = connection.fetch(self.sql(sql::SERVER), &[]).await?;
        if let Some(row) = rows.first() {
            check_version(row.text(0)?)?;
            self.max_packet = usize::try_from(row.int(1)?).unwrap_or(usize::MAX);
            if !row.is_some(2) {
                return Err(invalid("the connections to the server have no database"));
            }
            // A transaction of the caller's may be in another one.
            self.tables = self.tables.in_database(row.text(2)?)?;
            let lacking = row.text(3)?;
            if !lacking.is_empty() {
                return Err(invalid(format!(
                    "the job store needs other settings of the database: {lacking}"
                )));
            }
        }
        if options.make_tables {
            schema::migrate(&mut connection, &self.tables, &schema::SCHEMA).await?;
        } else {
            schema::SCHEMA.check(&mut *connection, |sql| self.tables.sql(sql)).await?;
        }
        connection.finish();
        Ok(())
    }
}

/// Older ones can't pass over rows that others hold, or have no tables of JSON.
fn check_version(version: &str) -> Result<(), StoreError> {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    let mut number = || numbers.next().and_then(Result::ok).unwrap_or(0);
    let have = (number(), number(), number());
    let (name, least) = match version.contains("MariaDB") {
        true => ("MariaDB", (10, 6, 0)),
        false => ("MySQL", (8, 0, 4)),
    };
    if have >= least {
        return Ok(());
    }
    let (major, minor, patch) = least;
    Err(StoreError::new(
        StoreErrorKind::Unsupported,
        format!(
            "the database is {name} {version}; jobs need {name} {major}.{minor}.{patch} or newer"
        ),
    ))
}

/// What our connections begin with.
fn settings(options: &Options) -> String {
    format!(
        // MySQL has a limit for connections only. To each server the other's is a comment.
        "{}, innodb_lock_wait_timeout = {}
            /*M!100300 , idle_transaction_timeout = {abandoned} */
            /*!80000 , wait_timeout = {abandoned} */",
        sql::SETTINGS,
        options.lock_timeout.as_secs(),
        abandoned = ABANDONED.as_secs()
    )
}

#[cfg(test)]
mod tests {
    use super::check_version;

    #[test]
    fn servers_that_are_too_old_are_told_apart() {
        for good in ["8.0.4", "8.4.3", "9.1.0-log", "10.6.0-MariaDB", "11.8.2-MariaDB-ubu2404"] {
            check_version(good).unwrap();
        }
        for bad in ["5.7.44", "8.0.3-rc-log", "10.5.29-MariaDB", ""] {
            let error = check_version(bad).unwrap_err();
            assert_eq!(error.kind(), punctual_core::StoreErrorKind::Unsupported);
            assert!(error.to_string().contains("or newer"), "{error}");
        }
    }
}
