//! The builder of the store.

use std::time::Duration;

use punctual_core::StoreError;
use punctual_store_kit::check_timeout;
use sqlx::mysql::{MySqlConnectOptions, MySqlPool};

use super::MySqlJobStore;
use crate::dialect::LOCK_TIMEOUT;
use crate::error::invalid;
use crate::server::{self, ConnectionSource, Limits};
use crate::tables::TablePrefix;

/// Builder of a [`MySqlJobStore`]; returned by [`MySqlJobStore::builder`].
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
///     .lock_timeout(Duration::from_secs(1))
///     .statement_timeout(Duration::from_secs(10))
///     .build()?;
/// # Ok::<(), punctual_core::StoreError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct MySqlJobStoreBuilder {
    server: Option<Result<ConnectionSource<sqlx::MySql>, StoreError>>,
    table_prefix: String,
    make_tables: bool,
    limits: Limits,
    lock_timeout: Duration,
}

/// The validated options.
pub(crate) struct Options {
    pub(super) server: ConnectionSource<sqlx::MySql>,
    pub(super) tables: TablePrefix,
    pub(super) make_tables: bool,
    pub(super) limits: Limits,
    pub(super) lock_timeout: Duration,
}

impl MySqlJobStoreBuilder {
    pub(super) fn new() -> Self {
        Self {
            server: None,
            table_prefix: TablePrefix::default().as_str().into(),
            make_tables: true,
            limits: Limits::default(),
            lock_timeout: LOCK_TIMEOUT,
        }
    }

    /// Stores jobs in this database: `mysql://user:password@host:port/database`, or with the scheme `mariadb`. The
    /// defaults are the user `root`, no password, and port 3306; the database must exist. Parameters after `?` are
    /// `socket` and, with the feature `tls`, `ssl-mode` (`REQUIRED`, `VERIFY_CA`, `VERIFY_IDENTITY`), `ssl-ca`,
    /// `ssl-cert` and `ssl-key`. The password authentication of MySQL 8 (`caching_sha2_password`) requires an encrypted
    /// connection.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.server = Some(parse(&url.into()).map(ConnectionSource::options));
        self
    }

    /// Stores jobs in the database of these options, for settings that a URL does not support.
    pub fn connect_options(mut self, options: MySqlConnectOptions) -> Self {
        self.server = Some(Ok(ConnectionSource::options(options)));
        self
    }

    /// Uses this pool; the store never closes it. The settings of the pool apply; of this builder's timeouts only the
    /// timeout of calls is used ([`acquire_timeout`](Self::acquire_timeout) plus
    /// [`statement_timeout`](Self::statement_timeout)). Create the pool with `disable_statement_logging`: statements
    /// contain the arguments of jobs.
    pub fn pool(mut self, pool: MySqlPool) -> Self {
        self.server = Some(Ok(ConnectionSource::Pool(pool)));
        self
    }

    /// The prefix of the names of all tables: an ASCII letter or underscore, followed by letters, digits and
    /// underscores. Stores with different prefixes can share a database. The default is `punctual_`.
    pub fn table_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.table_prefix = prefix.into();
        self
    }

    /// The maximum number of connections, at least 1; the default is 5. A scheduler uses one, and concurrent calls of
    /// the program (adding a job, listing) use one more each.
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.limits.max_connections = connections;
        self
    }

    /// The timeout for a connection, idle or new, after which calls fail with
    /// [`Unavailable`](punctual_core::StoreErrorKind::Unavailable). The default is 5 seconds.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.limits.acquire_timeout = timeout;
        self
    }

    /// The timeout for a job that is locked by another transaction (e.g. one of the program that has changed it), after
    /// which calls fail with [`Unavailable`](punctual_core::StoreErrorKind::Unavailable), in whole seconds. The default
    /// is 3 seconds. Claiming never waits, it skips locked jobs. Use less than a third of the scheduler's lease: the
    /// lease of a node that waits longer may expire.
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// The timeout of a call after it has got its connection, including the wait for locks, after which the server is
    /// considered unresponsive and the call fails with
    /// [`Unavailable`](punctual_core::StoreErrorKind::Unavailable). The default is 30 seconds. The creation and
    /// migration of tables is not limited.
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.limits.statement_timeout = timeout;
        self
    }

    /// Whether `start` creates the tables and migrates older ones; the default is `true`. If `false`, `start` fails
    /// with [`Unsupported`](punctual_core::StoreErrorKind::Unsupported) if the tables are older, and with the error of
    /// the database if the tables don't exist: for users without the privilege to create tables.
    pub fn make_tables(mut self, make: bool) -> Self {
        self.make_tables = make;
        self
    }

    /// Validates all options. The store connects when it is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if neither a URL nor connect options nor a pool is set, or
    /// if the URL (e.g. without a database), the table prefix, the number of connections or a timeout is invalid.
    pub fn build(self) -> Result<MySqlJobStore, StoreError> {
        self.limits.check(Duration::from_nanos(1))?;
        check_timeout("lock_timeout", self.lock_timeout, Duration::from_secs(1))?;
        let missing_source = || invalid("a MySQL store needs a URL, connect options or a pool");
        Ok(MySqlJobStore::with(Options {
            server: self.server.ok_or_else(missing_source)??,
            tables: TablePrefix::new(&self.table_prefix)?,
            make_tables: self.make_tables,
            limits: self.limits,
            lock_timeout: self.lock_timeout,
        }))
    }
}

fn parse(url: &str) -> Result<MySqlConnectOptions, StoreError> {
    let options = server::parse::<sqlx::MySql>(url)?;
    if options.get_database().is_none() {
        return Err(invalid("the URL contains no database: mysql://user@host/database"));
    }
    Ok(options)
}
