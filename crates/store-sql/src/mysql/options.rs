//! How a store is made.

use std::fmt;
use std::time::Duration;

use punctual_core::{StoreError, StoreErrorKind};
use sqlx::ConnectOptions;
use sqlx::mysql::{MySqlConnectOptions, MySqlPool};

use super::MySqlJobStore;
use crate::tables::TablePrefix;

/// Makes a [`MySqlJobStore`] with options; from [`MySqlJobStore::builder`].
///
/// ```
/// use std::time::Duration;
/// use punctual_store_sql::MySqlJobStore;
///
/// let store = MySqlJobStore::builder()
///     .url("mysql://mailer:secret@db.example.org/mailer?ssl-mode=VERIFY_IDENTITY")
///     .table_prefix("mailer_jobs_")
///     .max_connections(4)
///     .acquire_timeout(Duration::from_secs(2))
///     .build()?;
/// # Ok::<(), punctual_core::StoreError>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct MySqlJobStoreBuilder {
    source: Source,
    table_prefix: String,
    max_connections: u32,
    acquire_timeout: Duration,
    lock_timeout: Duration,
}

/// What the builder was told.
enum Source {
    Missing,
    Url(String),
    Pool(MySqlPool),
}

/// Where the jobs are.
pub(super) enum Place {
    Url(Box<MySqlConnectOptions>),
    /// Wherever the user's own pool is connected to.
    Pool(MySqlPool),
}

/// What the builder has checked.
pub(crate) struct Options {
    pub(super) place: Place,
    pub(super) tables: TablePrefix,
    pub(super) max_connections: u32,
    pub(super) acquire_timeout: Duration,
    pub(super) lock_timeout: Duration,
}

impl MySqlJobStoreBuilder {
    pub(super) fn new() -> Self {
        Self {
            source: Source::Missing,
            table_prefix: "punctual_".into(),
            max_connections: 10,
            acquire_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(5),
        }
    }

    /// Keeps jobs in this database: `mysql://user:password@host:port/database`, or with `mariadb:` in
    /// front. What is left out is `root`, no password, and port 3306; the database must be there. After a
    /// `?` there may be `socket`, `ssl-mode` (`REQUIRED`, `VERIFY_CA`, `VERIFY_IDENTITY`), `ssl-ca`,
    /// `ssl-cert` and `ssl-key`.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.source = Source::Url(url.into());
        self
    }

    /// Keeps jobs where this pool is connected to; the store never closes it. Its own settings hold, not
    /// those of this builder for connections and timeouts.
    pub fn pool(mut self, pool: MySqlPool) -> Self {
        self.source = Source::Pool(pool);
        self
    }

    /// What the names of all tables begin with, `punctual_` if not given: an ASCII letter or underscore,
    /// then letters, digits and underscores. Stores with different prefixes can share a database.
    pub fn table_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.table_prefix = prefix.into();
        self
    }

    /// How many connections there are at most, at least 1; 10 if not given. They are made when they are
    /// needed.
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.max_connections = connections;
        self
    }

    /// How long to wait for a connection, until one is free or made, before the store is
    /// [`Unavailable`](StoreErrorKind::Unavailable); 5 seconds if not given.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// How long to wait for a job that another transaction holds (such as one of yours that has changed
    /// it) before the store is [`Unavailable`](StoreErrorKind::Unavailable), in whole seconds and at least
    /// one; 5 seconds if not given. Claiming never waits, it passes such jobs over.
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Checks everything; nothing is connected to before the store is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](StoreErrorKind::Invalid) without a URL or a pool, for a URL that is none or names no
    /// database, for a table prefix that can't be, and without connections.
    pub fn build(self) -> Result<MySqlJobStore, StoreError> {
        let place = match self.source {
            Source::Url(url) => Place::Url(Box::new(parse(&url)?)),
            Source::Pool(pool) => Place::Pool(pool),
            Source::Missing => return Err(invalid("a MySQL store needs a URL or a pool")),
        };
        if self.max_connections == 0 {
            return Err(invalid("max_connections must be at least 1"));
        }
        Ok(MySqlJobStore::with(Options {
            place,
            tables: TablePrefix::new(&self.table_prefix)?,
            max_connections: self.max_connections,
            acquire_timeout: self.acquire_timeout,
            lock_timeout: self.lock_timeout,
        }))
    }
}

impl fmt::Debug for MySqlJobStoreBuilder {
    /// Without the URL, which may have a password in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MySqlJobStoreBuilder")
            .field("table_prefix", &self.table_prefix)
            .field("max_connections", &self.max_connections)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("lock_timeout", &self.lock_timeout)
            .finish_non_exhaustive()
    }
}

/// No error repeats the URL, which may have a password in it.
fn parse(url: &str) -> Result<MySqlConnectOptions, StoreError> {
    if !["mysql://", "mariadb://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(invalid("the URL of a MySQL store must begin with mysql:// or mariadb://"));
    }
    let options: MySqlConnectOptions =
        url.parse().map_err(|error| invalid("the URL is not valid").with_source(error))?;
    if options.get_database().is_none() {
        return Err(invalid("the URL names no database: mysql://user@host/database"));
    }
    Ok(options.disable_statement_logging())
}

fn invalid(message: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Invalid, message)
}
