//! How a store is made.

use std::time::Duration;

use punctual_core::StoreError;
use sqlx::mysql::{MySqlConnectOptions, MySqlPool};

use super::MySqlJobStore;
use crate::dialect::LOCK_TIMEOUT;
use crate::error::invalid;
use crate::server::{self, Limits, Server, check_timeout};
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
///     .lock_timeout(Duration::from_secs(1))
///     .statement_timeout(Duration::from_secs(10))
///     .build()?;
/// # Ok::<(), punctual_core::StoreError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct MySqlJobStoreBuilder {
    server: Option<Result<Server<sqlx::MySql>, StoreError>>,
    table_prefix: String,
    make_tables: bool,
    limits: Limits,
    lock_timeout: Duration,
}

/// What the builder has checked.
pub(crate) struct Options {
    pub(super) server: Server<sqlx::MySql>,
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

    /// Keeps jobs in this database: `mysql://user:password@host:port/database`, or with `mariadb:` in
    /// front. What is left out is `root`, no password, and port 3306; the database must be there. After a
    /// `?` there may be `socket`, and with the feature `tls` `ssl-mode` (`REQUIRED`, `VERIFY_CA`,
    /// `VERIFY_IDENTITY`), `ssl-ca`, `ssl-cert` and `ssl-key`. The passwords of MySQL 8
    /// (`caching_sha2_password`) need an encrypted connection.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.server = Some(parse(&url.into()).map(Server::at));
        self
    }

    /// Keeps jobs in the database that these options lead to, for what a URL can't say.
    pub fn connect_options(mut self, options: MySqlConnectOptions) -> Self {
        self.server = Some(Ok(Server::at(options)));
        self
    }

    /// Keeps jobs where this pool is connected to; the store never closes it. Its own settings hold: of
    /// [`max_connections`](Self::max_connections) and the timeouts only that counts after which a server
    /// that does not answer is given up. Connect it with `disable_statement_logging`: statements have the
    /// jobs' arguments in them.
    pub fn pool(mut self, pool: MySqlPool) -> Self {
        self.server = Some(Ok(Server::Pool(pool)));
        self
    }

    /// What the names of all tables begin with, `punctual_` if not given: an ASCII letter or underscore,
    /// then letters, digits and underscores. Stores with different prefixes can share a database.
    pub fn table_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.table_prefix = prefix.into();
        self
    }

    /// How many connections there may be at a time, at least 1; 5 if not given. A scheduler works on one,
    /// and calls from elsewhere (adding a job, listing) take another each while they last.
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.limits.max_connections = connections;
        self
    }

    /// How long to wait for a connection, a free one or a new one, before the store is
    /// [`Unavailable`](punctual_core::StoreErrorKind::Unavailable); 5 seconds if not given.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.limits.acquire_timeout = timeout;
        self
    }

    /// How long to wait for a job that another transaction holds (such as one of yours that has changed it)
    /// before the store is [`Unavailable`](punctual_core::StoreErrorKind::Unavailable), in whole seconds; 3
    /// seconds if not given. Claiming never waits, it passes such jobs over. Keep it below a third of the
    /// scheduler's lease: a process that waits for longer than that is taken for dead.
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// How long a call may take with its connection, a wait for others included, before the server is given
    /// up as one that does not answer and the store is
    /// [`Unavailable`](punctual_core::StoreErrorKind::Unavailable); 30 seconds if not given. Making and
    /// migrating the tables may take any time.
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.limits.statement_timeout = timeout;
        self
    }

    /// Whether a start makes the tables and migrates older ones; yes if not given. If not, it fails with
    /// [`Unsupported`](punctual_core::StoreErrorKind::Unsupported) where they are older, and with what the
    /// database says where there are none: for users who may only read and write rows, or only look.
    pub fn make_tables(mut self, make: bool) -> Self {
        self.make_tables = make;
        self
    }

    /// Checks everything; nothing is connected to before the store is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) without a place for the jobs, or with a URL
    /// (such as one that names no database), table prefix, number of connections or timeout that can't be.
    pub fn build(self) -> Result<MySqlJobStore, StoreError> {
        self.limits.check(Duration::from_nanos(1))?;
        check_timeout("lock_timeout", self.lock_timeout, Duration::from_secs(1))?;
        let nowhere = || invalid("a MySQL store needs a URL, connect options or a pool");
        Ok(MySqlJobStore::with(Options {
            server: self.server.ok_or_else(nowhere)??,
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
        return Err(invalid("the URL names no database: mysql://user@host/database"));
    }
    Ok(options)
}
