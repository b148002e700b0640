//! What all databases that are servers have in common: where they are, and how much may be asked of them.

use std::fmt;
use std::io::ErrorKind;
use std::time::Duration;

use punctual_core::StoreError;
use punctual_store_kit::SecretUrl;
use sqlx::pool::PoolOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Database, Executor, Pool, SqlSafeStr};
use tokio::time::timeout;

use crate::error::{Cause, invalid};

/// A connection that has not been used for so long is tried before it is given work.
const IDLE: Duration = Duration::from_secs(1);

/// How long a connection that is tried has for its answer. When a machine or a way to it is gone without a word,
/// none ever comes.
const TRIAL: Duration = Duration::from_secs(2);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

type Options<D> = <<D as Database>::Connection as Connection>::Options;

/// Where the jobs are.
pub(crate) enum Server<D: Database> {
    At(Box<Options<D>>),
    /// Wherever the user's own pool is connected to.
    Pool(Pool<D>),
}

impl<D: Database> Server<D> {
    pub(crate) fn at(options: Options<D>) -> Self {
        Self::At(Box::new(options))
    }

    /// The pool, and whether it is ours to close. Connections of our own begin with these settings, and are
    /// closed when they have not been used for so long.
    pub(crate) fn pool(&self, limits: &Limits, settings: String, lasts: Duration) -> (Pool<D>, bool)
    where
        for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    {
        let options = match self {
            Self::At(options) => options.as_ref().clone(),
            Self::Pool(pool) => return (pool.clone(), false),
        };
        let settings = AssertSqlSafe(settings).into_sql_str();
        let pool = PoolOptions::<D>::new()
            .max_connections(limits.max_connections)
            .acquire_timeout(limits.acquire_timeout)
            .after_connect(move |connection, _| {
                let settings = settings.clone();
                Box::pin(async move { sqlx::raw_sql(settings).execute(connection).await.map(drop) })
            })
            // Not each time, which would be a round trip each.
            .test_before_acquire(false)
            .before_acquire(move |connection, usage| {
                Box::pin(async move {
                    if usage.idle_for >= lasts {
                        return Ok(false);
                    }
                    if usage.idle_for >= IDLE {
                        answers(connection).await?;
                    }
                    Ok(true)
                })
            })
            // The pool tries each that comes back, too, and would wait without end for one that a call was
            // given up on: with all its places taken by such ones it could never connect anew.
            .after_release(|connection, _| {
                Box::pin(async move { answers(connection).await.map(|()| true) })
            })
            // Statements have the jobs' arguments in them.
            .connect_lazy_with(options.disable_statement_logging());
        (pool, true)
    }
}

/// Tries a connection.
pub(crate) async fn answers(connection: &mut impl Connection) -> Result<(), sqlx::Error> {
    let late = |_| sqlx::Error::Io(ErrorKind::TimedOut.into());
    timeout(TRIAL, connection.ping()).await.map_err(late)?
}

impl<D: Database> fmt::Debug for Server<D> {
    /// Without the options, which may have a password in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::At(_) => "At",
            Self::Pool(_) => "Pool",
        })
    }
}

/// What a URL says. No error repeats it, since it may have a password in it.
pub(crate) fn parse<D: Database>(url: &str) -> Result<Options<D>, StoreError> {
    SecretUrl::new(D::NAME, D::URL_SCHEMES, url)?.read(|url| url.parse().map_err(Cause))
}

/// How many connections a store may have, and how long it may wait.
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
    /// Checks them; with the shortest time that the server can be told for a statement.
    pub(crate) fn check(&self, shortest: Duration) -> Result<(), StoreError> {
        if self.max_connections == 0 {
            return Err(invalid("max_connections must be at least 1, not 0"));
        }
        check_timeout("acquire_timeout", self.acquire_timeout, Duration::from_nanos(1))?;
        check_timeout("statement_timeout", self.statement_timeout, shortest)
    }

    /// How long a call may take: as long as it may wait for a connection and for a statement on it.
    pub(crate) fn patience(&self) -> Duration {
        self.acquire_timeout + self.statement_timeout
    }
}

pub(crate) fn check_timeout(
    name: &str,
    timeout: Duration,
    shortest: Duration,
) -> Result<(), StoreError> {
    if (shortest..=DAY).contains(&timeout) {
        return Ok(());
    }
    Err(invalid(format!("{name} must be {shortest:?} to a day, not {timeout:?}")))
}
