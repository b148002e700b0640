//! How a store is made.

use std::fmt;
use std::time::Duration;

use punctual_core::{StoreError, StoreErrorKind};
use sqlx::mysql::{MySqlConnectOptions, MySqlPool};

use super::MySqlJobStore;
use crate::dialect::LOCK_TIMEOUT;
use crate::tables::TablePrefix;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

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
#[must_use = "a builder does nothing until `build` is called"]
pub struct MySqlJobStoreBuilder {
    place: Option<Place>,
    table_prefix: String,
    make_tables: bool,
    max_connections: u32,
    acquire_timeout: Duration,
    lock_timeout: Duration,
    statement_timeout: Duration,
}

/// What the builder was told.
enum Place {
    Url(String),
    Server(Server),
}

/// Where the jobs are.
pub(super) enum Server {
    At(Box<MySqlConnectOptions>),
    /// Wherever the user's own pool is connected to.
    Pool(MySqlPool),
}

/// What the builder has checked.
pub(crate) struct Options {
    pub(super) server: Server,
    pub(super) tables: TablePrefix,
    pub(super) make_tables: bool,
    pub(super) max_connections: u32,
    pub(super) acquire_timeout: Duration,
    pub(super) lock_timeout: Duration,
    pub(super) statement_timeout: Duration,
}

impl MySqlJobStoreBuilder {
    pub(super) fn new() -> Self {
        Self {
            place: None,
            table_prefix: TablePrefix::default().as_str().into(),
            make_tables: true,
            max_connections: 5,
            acquire_timeout: Duration::from_secs(5),
            lock_timeout: LOCK_TIMEOUT,
            statement_timeout: Duration::from_secs(30),
        }
    }

    /// Keeps jobs in this database: `mysql://user:password@host:port/database`, or with `mariadb:` in
    /// front. What is left out is `root`, no password, and port 3306; the database must be there. After a
    /// `?` there may be `socket`, and with the feature `tls` `ssl-mode` (`REQUIRED`, `VERIFY_CA`,
    /// `VERIFY_IDENTITY`), `ssl-ca`, `ssl-cert` and `ssl-key`. The passwords of MySQL 8
    /// (`caching_sha2_password`) need an encrypted connection.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.place = Some(Place::Url(url.into()));
        self
    }

    /// Keeps jobs in the database that these options lead to, for what a URL can't say.
    pub fn connect_options(mut self, options: MySqlConnectOptions) -> Self {
        self.place = Some(Place::Server(Server::At(Box::new(options))));
        self
    }

    /// Keeps jobs where this pool is connected to; the store never closes it. Its own settings hold: of
    /// [`max_connections`](Self::max_connections) and the timeouts only that counts after which a server
    /// that does not answer is given up. Connect it with `disable_statement_logging`: statements have the
    /// jobs' arguments in them.
    pub fn pool(mut self, pool: MySqlPool) -> Self {
        self.place = Some(Place::Server(Server::Pool(pool)));
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
        self.max_connections = connections;
        self
    }

    /// How long to wait for a connection, a free one or a new one, before the store is
    /// [`Unavailable`](StoreErrorKind::Unavailable); 5 seconds if not given.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// How long to wait for a job that another transaction holds (such as one of yours that has changed
    /// it) before the store is [`Unavailable`](StoreErrorKind::Unavailable), in whole seconds; 3 seconds if
    /// not given. Claiming never waits, it passes such jobs over. Keep it below a third of the scheduler's
    /// lease: a process that waits for longer than that is taken for dead.
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// How long a call may take with its connection, a wait for others included, before the server is given
    /// up as one that does not answer and the store is [`Unavailable`](StoreErrorKind::Unavailable); 30
    /// seconds if not given. Making and migrating the tables may take any time.
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = timeout;
        self
    }

    /// Whether a start makes the tables and migrates older ones; yes if not given. If not, it fails with
    /// [`Unsupported`](StoreErrorKind::Unsupported) where they are older, and with what the database says
    /// where there are none: for users who may only read and write rows, or only look.
    pub fn make_tables(mut self, make: bool) -> Self {
        self.make_tables = make;
        self
    }

    /// Checks everything; nothing is connected to before the store is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](StoreErrorKind::Invalid) without a place for the jobs, or with a URL (such as one that
    /// names no database), table prefix, number of connections or timeout that can't be.
    pub fn build(self) -> Result<MySqlJobStore, StoreError> {
        if self.max_connections == 0 {
            return Err(invalid("a MySQL store needs at least 1 connection"));
        }
        if self.acquire_timeout.is_zero() || self.acquire_timeout > DAY {
            return Err(invalid(
                "an acquire timeout must be longer than nothing, and a day at most",
            ));
        }
        if self.lock_timeout.as_secs() == 0 || self.lock_timeout > DAY {
            return Err(invalid("a lock timeout must be 1 second to a day"));
        }
        if self.statement_timeout.is_zero() || self.statement_timeout > DAY {
            return Err(invalid(
                "a statement timeout must be longer than nothing, and a day at most",
            ));
        }
        let server = match self.place {
            Some(Place::Server(server)) => server,
            Some(Place::Url(url)) => Server::At(Box::new(parse(&url)?)),
            None => {
                return Err(invalid("a MySQL store needs a URL, connect options or a pool"));
            }
        };
        Ok(MySqlJobStore::with(Options {
            server,
            tables: TablePrefix::new(&self.table_prefix)?,
            make_tables: self.make_tables,
            max_connections: self.max_connections,
            acquire_timeout: self.acquire_timeout,
            lock_timeout: self.lock_timeout,
            statement_timeout: self.statement_timeout,
        }))
    }
}

impl fmt::Debug for MySqlJobStoreBuilder {
    /// Without the URL, which may have a password in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MySqlJobStoreBuilder")
            .field("table_prefix", &self.table_prefix)
            .field("make_tables", &self.make_tables)
            .field("max_connections", &self.max_connections)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("lock_timeout", &self.lock_timeout)
            .field("statement_timeout", &self.statement_timeout)
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
    Ok(options)
}

fn invalid(message: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Invalid, message)
}
