//! The connections.

use std::time::Duration;

use punctual_core::{StoreCaps, StoreError, StoreErrorKind};
use sqlx::mysql::MySqlRow;
use sqlx::{MySqlConnection, SqlStr, Transaction};

use super::error::{is_write_conflict, store_error};
use super::options::Options;
use super::script::{Script, StatementResult};
use super::{schema, sql};
use crate::batch::caps;
use crate::client::{Client, SqlRow, Value};
use crate::connection::CancelSafeConnection;
use crate::dialect::{Dialect, IDLE_IN_TRANSACTION_TIMEOUT};
use crate::error::invalid;
use crate::reusing_pool::ReusingPool;
use crate::sql::{HistoryStatements, Statements};
use crate::tables::TablePrefix;

/// MySQL closes a connection that has been idle for [`IDLE_IN_TRANSACTION_TIMEOUT`]; the pool discards it somewhat
/// earlier.
const MAX_IDLE: Duration = IDLE_IN_TRANSACTION_TIMEOUT.saturating_sub(Duration::from_secs(1));

/// The maximum size of a statement without the definition of a job.
pub(super) const STATEMENT_OVERHEAD: usize = 8 * 1024;

/// The largest definition that every server accepts: each byte is sent as two hexadecimal digits, in a packet of the
/// minimum size that `sql::SERVER` requires.
const MAX_DEFINITION: usize = (4_194_304 - STATEMENT_OVERHEAD) / 2;

/// The connections to a MySQL or MariaDB database.
#[derive(Clone, Debug)]
pub(crate) struct MySql {
    pool: ReusingPool<sqlx::MySql>,
    pub(super) tables: TablePrefix,
    /// The server's `max_allowed_packet` in bytes.
    pub(super) max_packet: usize,
}

impl MySql {
    /// Begins a script for a separate transaction.
    pub(super) fn script(&self) -> Script<'_> {
        let mut script = Script::new(&self.tables);
        script.push(sql::READ_COMMITTED, &[]);
        script.push(sql::START, &[]);
        script
    }

    /// Executes such a script and commits.
    pub(super) async fn run(
        &self,
        mut script: Script<'_>,
    ) -> Result<Vec<StatementResult>, StoreError> {
        script.push(sql::COMMIT, &[]);
        self.execute(script).await
    }

    /// Executes statements, each in its own transaction unless the script begins one.
    pub(super) async fn execute(
        &self,
        script: Script<'_>,
    ) -> Result<Vec<StatementResult>, StoreError> {
        // If this future is dropped midway, the connection is closed, which rolls back a transaction unknown to sqlx.
        let mut connection = self.read().await?;
        let results = script.run(&mut connection).await.map_err(store_error)?;
        connection.release();
        Ok(results)
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
        let pool = options.server.pool(&options.limits, settings(options), MAX_IDLE);
        let mut database = Self { pool, tables: options.tables.clone(), max_packet: 0 };
        match database.prepare(options).await {
            Ok(()) => Ok(database),
            Err(error) => {
                database.close().await;
                Err(error)
            }
        }
    }

    /// The maximum wait for a connection plus that for a call.
    fn call_timeout(options: &Options) -> Option<Duration> {
        Some(options.limits.call_timeout())
    }

    async fn close(&self) {
        self.pool.close().await;
    }

    fn sql(&self, statement: &'static str) -> SqlStr {
        self.tables.sql(statement)
    }

    fn error(error: sqlx::Error) -> StoreError {
        store_error(error)
    }

    fn is_write_conflict(error: &sqlx::Error) -> bool {
        is_write_conflict(error)
    }

    async fn write(&self) -> Result<Transaction<'static, sqlx::MySql>, StoreError> {
        self.pool.begin(sql::BEGIN).await.map_err(store_error)
    }

    async fn read(&self) -> Result<CancelSafeConnection<sqlx::MySql>, StoreError> {
        self.pool.acquire().await.map_err(store_error)
    }

    async fn snapshot(&self) -> Result<Transaction<'static, sqlx::MySql>, StoreError> {
        self.pool.begin(sql::BEGIN_SNAPSHOT).await.map_err(store_error)
    }

    async fn renew_lease(&self, values: &[Value<'_>]) -> Result<Option<MySqlRow>, StoreError> {
        // Each statement is a separate transaction, because only the first one writes.
        let mut script = Script::new(&self.tables);
        let renewed = script.push(sql::RENEW_LEASE, values);
        let status = script.push(sql::STATEMENTS.renewal_status, values);
        let mut results = self.execute(script).await?;
        let is_renewed = results[renewed].matched_row();
        Ok(results[status].rows.pop().filter(|_| is_renewed))
    }
}

impl MySql {
    /// Checks the server, and creates or migrates the tables.
    async fn prepare(&mut self, options: &Options) -> Result<(), StoreError> {
        let mut connection = self.read().await?;
        let rows = connection.fetch(self.sql(sql::SERVER), &[]).await?;
        if let Some(row) = rows.first() {
            check_version(row.text(0)?)?;
            self.max_packet = usize::try_from(row.int(1)?).unwrap_or(usize::MAX);
            if !row.is_some(2) {
                return Err(invalid("the connections to the server have no database"));
            }
            // The current database of a transaction of the caller may be another one.
            self.tables = self.tables.in_database(row.text(2)?)?;
            let missing_settings = row.text(3)?;
            if !missing_settings.is_empty() {
                return Err(invalid(format!(
                    "the job store requires other settings of the database: {missing_settings}"
                )));
            }
        }
        if options.make_tables {
            schema::migrate(&mut connection, &self.tables, &schema::SCHEMA).await?;
        } else {
            schema::SCHEMA.check(&mut *connection, |sql| self.tables.sql(sql)).await?;
        }
        connection.release();
        Ok(())
    }
}

/// Older versions have no `SKIP LOCKED` or no `JSON_TABLE`.
fn check_version(version: &str) -> Result<(), StoreError> {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    let mut number = || numbers.next().and_then(Result::ok).unwrap_or(0);
    let actual = (number(), number(), number());
    let (name, minimum) = match version.contains("MariaDB") {
        true => ("MariaDB", (10, 6, 0)),
        false => ("MySQL", (8, 0, 4)),
    };
    if actual >= minimum {
        return Ok(());
    }
    let (major, minor, patch) = minimum;
    Err(StoreError::new(
        StoreErrorKind::Unsupported,
        format!(
            "the database is {name} {version}; the job store requires {name} {major}.{minor}.{patch} or newer"
        ),
    ))
}

/// The statement that initializes the connections of a pool created by the store.
fn settings(options: &Options) -> String {
    format!(
        // MySQL has no timeout for transactions, only for connections. Each server ignores the executable comment of
        // the other one.
        "{}, innodb_lock_wait_timeout = {}
            /*M!100300 , idle_transaction_timeout = {idle_timeout} */
            /*!80000 , wait_timeout = {idle_timeout} */",
        sql::SETTINGS,
        options.lock_timeout.as_secs(),
        idle_timeout = IDLE_IN_TRANSACTION_TIMEOUT.as_secs()
    )
}

#[cfg(test)]
mod tests {
    use super::check_version;

    #[test]
    fn versions_that_are_too_old_are_unsupported() {
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
