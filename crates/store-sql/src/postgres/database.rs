//! The connections: a pool for calls, and one for notifications.

use std::time::Duration;

use punctual_core::{ChangeWatch, StoreCaps, StoreError};
use sqlx::postgres::{PgPoolOptions, PgRow};
use sqlx::{PgConnection, PgPool, SqlStr, Transaction};

use super::error::{is_write_conflict, store_error};
use super::names::QualifiedNames;
use super::options::Options;
use super::watch::Watch;
use super::{schema, sql};
use crate::batch::caps;
use crate::client::Value::Text;
use crate::client::{Client, Value, client};
use crate::connection::CancelSafeConnection;
use crate::dialect::{Dialect, IDLE_IN_TRANSACTION_TIMEOUT, LOCK_TIMEOUT};
use crate::reusing_pool::ReusingPool;
use crate::sql::{HistoryStatements, Statements};

client!(sqlx::Postgres, PgConnection, PgRow, store_error);

/// The connections to a PostgreSQL database.
#[derive(Clone, Debug)]
pub(crate) struct Postgres {
    pool: ReusingPool<sqlx::Postgres>,
    /// The connections of watchers; one is opened when a watcher is created.
    listeners: PgPool,
    names: QualifiedNames,
    /// The time without a notification after which listeners ping their connection.
    ping_interval: Duration,
}

impl Postgres {
    pub(super) fn channel(&self) -> &str {
        &self.names.channel
    }
}

impl Dialect for Postgres {
    type Options = Options;
    type Database = sqlx::Postgres;
    type Connection = PgConnection;

    const STATEMENTS: Statements = sql::STATEMENTS;
    const HISTORY: HistoryStatements = sql::HISTORY;

    fn caps(_options: &Options) -> StoreCaps {
        caps().with_clock().with_notify()
    }

    async fn open(options: &Options) -> Result<Self, StoreError> {
        let pool = options.server.pool(&options.limits, settings(options), Duration::MAX);
        let listeners = PgPoolOptions::new()
            // A silently lost connection is kept until the TCP connection times out, so a second one is needed.
            .max_connections(2)
            .acquire_timeout(options.limits.acquire_timeout)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(pool.options());
        match prepare(&pool, options).await {
            Ok(names) => {
                let ping_interval = options.limits.statement_timeout;
                Ok(Self { pool, listeners, names, ping_interval })
            }
            Err(error) => {
                pool.close().await;
                Err(error)
            }
        }
    }

    /// The maximum wait for a connection plus that for a statement.
    fn call_timeout(options: &Options) -> Option<Duration> {
        Some(options.limits.call_timeout())
    }

    async fn close(&self) {
        // Closing this pool makes active watchers return an error; they release their connection then.
        drop(self.listeners.close());
        self.pool.close().await;
    }

    fn sql(&self, statement: &'static str) -> SqlStr {
        self.names.sql(statement)
    }

    fn error(error: sqlx::Error) -> StoreError {
        store_error(error)
    }

    fn is_write_conflict(error: &sqlx::Error) -> bool {
        is_write_conflict(error)
    }

    async fn write(&self) -> Result<Transaction<'static, sqlx::Postgres>, StoreError> {
        self.pool.begin(sql::BEGIN).await.map_err(store_error)
    }

    async fn read(&self) -> Result<CancelSafeConnection<sqlx::Postgres>, StoreError> {
        self.pool.acquire().await.map_err(store_error)
    }

    async fn snapshot(&self) -> Result<Transaction<'static, sqlx::Postgres>, StoreError> {
        self.pool.begin(sql::BEGIN_SNAPSHOT).await.map_err(store_error)
    }

    async fn renew_lease(&self, values: &[Value<'_>]) -> Result<Option<PgRow>, StoreError> {
        let mut connection = self.read().await?;
        let mut found = connection.fetch(self.sql(sql::RENEW_LEASE), values).await?;
        connection.release();
        Ok(found.pop())
    }

    async fn notify_change(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        connection.fetch(self.sql(sql::NOTIFY), &[Text(self.channel()), Text("")]).await.map(drop)
    }

    async fn watch(&self) -> Result<Option<Box<dyn ChangeWatch>>, StoreError> {
        let channel = self.names.channel.clone();
        let watch = Watch::begin(self.listeners.clone(), channel, self.ping_interval).await?;
        Ok(Some(Box::new(watch)))
    }
}

async fn prepare(
    pool: &ReusingPool<sqlx::Postgres>,
    options: &Options,
) -> Result<QualifiedNames, StoreError> {
    let mut connection = pool.acquire().await.map_err(store_error)?;
    let names =
        QualifiedNames::find(&mut connection, options.schema.as_deref(), &options.tables).await?;
    if options.make_tables {
        schema::migrate(&mut connection, &names, &schema::SCHEMA).await?;
    } else {
        schema::SCHEMA.check(&mut *connection, |sql| names.sql(sql)).await?;
    }
    connection.release();
    Ok(names)
}

/// The statement that initializes the connections of a pool created by the store.
fn settings(options: &Options) -> String {
    format!(
        "SET statement_timeout = {}; SET default_transaction_isolation = 'read committed'; \
         SET idle_in_transaction_session_timeout = {}; SET lock_timeout = {}",
        options.limits.statement_timeout.as_millis(),
        IDLE_IN_TRANSACTION_TIMEOUT.as_millis(),
        LOCK_TIMEOUT.as_millis()
    )
}
