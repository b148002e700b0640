//! Connection sources, connection limits and timeouts of database servers.

use std::fmt;
use std::time::Duration;

use punctual_core::StoreError;
use punctual_store_kit::{SecretUrl, check_timeout};
use sqlx::pool::PoolOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Database, Executor, Pool, SqlSafeStr};

use crate::error::{Cause, invalid};
use crate::ping::{is_usable, ping};
use crate::reusing_pool::ReusingPool;

type Options<D> = <<D as Database>::Connection as Connection>::Options;

/// The source of the store's connections.
pub(crate) enum ConnectionSource<D: Database> {
    Options(Box<Options<D>>),
    /// A pool provided by the user.
    Pool(Pool<D>),
}

impl<D: Database> ConnectionSource<D> {
    pub(crate) fn options(options: Options<D>) -> Self {
        Self::Options(Box::new(options))
    }

    /// Returns the connections. If the store creates the pool, its connections execute `settings` when they are opened,
    /// and are closed after they have been idle for `max_idle`.
    pub(crate) fn pool(
        &self,
        limits: &Limits,
        settings: String,
        max_idle: Duration,
    ) -> ReusingPool<D>
    where
        for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    {
        let options = match self {
            Self::Options(options) => options.as_ref().clone(),
            Self::Pool(pool) => return ReusingPool::of_user(pool.clone()),
        };
        let settings = AssertSqlSafe(settings).into_sql_str();
        let pool = PoolOptions::<D>::new()
            .max_connections(limits.max_connections)
            .acquire_timeout(limits.acquire_timeout)
            .after_connect(move |connection, _| {
                let settings = settings.clone();
                Box::pin(async move { sqlx::raw_sql(settings).execute(connection).await.map(drop) })
            })
            // Pinging before each use would cost a round trip.
            .test_before_acquire(false)
            .before_acquire(move |connection, usage| {
                Box::pin(is_usable(connection, usage.idle_for, max_idle))
            })
            // sqlx pings every returned connection without a timeout. If all connections were broken, the pool could
            // never reconnect; therefore they are pinged here with a timeout first.
            .after_release(|connection, _| {
                Box::pin(async move { ping(connection).await.map(|()| true) })
            })
            // Statements contain the arguments of jobs.
            .connect_lazy_with(options.disable_statement_logging());
        ReusingPool::owned(pool, max_idle)
    }
}

impl<D: Database> fmt::Debug for ConnectionSource<D> {
    /// Omits the options, which may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Options(_) => "Options",
            Self::Pool(_) => "Pool",
        })
    }
}

/// Parses a URL. The error never contains it, because it may contain a password.
pub(crate) fn parse<D: Database>(url: &str) -> Result<Options<D>, StoreError> {
    SecretUrl::new(D::NAME, D::URL_SCHEMES, url)?.read(|url| url.parse().map_err(Cause))
}

/// The maximum number of connections of a store, and its timeouts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_connections: u32,
    pub(crate) acquire_timeout: Duration,
    pub(crate) statement_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 5,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// Validates the limits. `shortest` is the shortest statement timeout that the server supports.
    pub(crate) fn check(&self, shortest: Duration) -> Result<(), StoreError> {
        if self.max_connections == 0 {
            return Err(invalid("max_connections must be at least 1, not 0"));
        }
        check_timeout("acquire_timeout", self.acquire_timeout, Duration::from_nanos(1))?;
        check_timeout("statement_timeout", self.statement_timeout, shortest)
    }

    /// The timeout of a call: the maximum wait for a connection plus that for a statement.
    pub(crate) fn call_timeout(&self) -> Duration {
        self.acquire_timeout + self.statement_timeout
    }
}
