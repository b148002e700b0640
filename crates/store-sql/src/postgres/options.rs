//! How a store is made.

use std::fmt;
use std::time::Duration;

use punctual_core::{StoreError, StoreErrorKind};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

use super::PostgresJobStore;
use crate::tables::{TablePrefix, check_schema};

/// Makes a [`PostgresJobStore`] with options; from [`PostgresJobStore::builder`].
///
/// ```
/// use std::time::Duration;
/// use punctual_store_sql::PostgresJobStore;
///
/// let store = PostgresJobStore::builder()
///     .url("postgres://mailer:secret@db.example.org/mailer")
///     .schema("jobs")
///     .table_prefix("mailer_")
///     .max_connections(4)
///     .acquire_timeout(Duration::from_secs(2))
///     .statement_timeout(Duration::from_secs(10))
///     .build()?;
/// # Ok::<(), punctual_core::StoreError>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct PostgresJobStoreBuilder {
    place: Option<Place>,
    schema: Option<String>,
    table_prefix: String,
    make_tables: bool,
    max_connections: u32,
    acquire_timeout: Duration,
    statement_timeout: Duration,
}

/// What the user said about where the server is.
enum Place {
    Url(String),
    Server(Server),
}

/// Where the server is.
pub(super) enum Server {
    At(Box<PgConnectOptions>),
    /// Wherever the user's own pool is connected to.
    Pool(PgPool),
}

/// What the builder has checked.
pub(crate) struct Options {
    pub(super) server: Server,
    pub(super) schema: Option<String>,
    pub(super) tables: TablePrefix,
    pub(super) make_tables: bool,
    pub(super) max_connections: u32,
    pub(super) acquire_timeout: Duration,
    pub(super) statement_timeout: Duration,
}

impl PostgresJobStoreBuilder {
    pub(super) fn new() -> Self {
        Self {
            place: None,
            schema: None,
            table_prefix: TablePrefix::default().as_str().into(),
            make_tables: true,
            max_connections: 5,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
        }
    }

    /// Keeps jobs in the database of this URL: `postgres://user:password@host:port/database`. What it
    /// leaves out comes from the variables that `psql` knows (`PGUSER`, `PGPASSWORD`, ..) and its password
    /// file. With the feature `tls`, `?sslmode=verify-full` asks for an encrypted connection.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.place = Some(Place::Url(url.into()));
        self
    }

    /// Keeps jobs in the database that these options lead to, for what a URL can't say.
    pub fn connect_options(mut self, options: PgConnectOptions) -> Self {
        self.place = Some(Place::Server(Server::At(Box::new(options))));
        self
    }

    /// Keeps jobs where this pool is connected to; the store never closes it. Its own settings hold: of
    /// [`max_connections`](Self::max_connections) and the timeouts only that counts after which a server
    /// that does not answer is given up. Listening for changes takes one connection beside the pool.
    /// Connect it with `disable_statement_logging`, or slow statements of the store get into your log. Set a
    /// `lock_timeout` below a third of the scheduler's lease: a process that waits for longer is taken for
    /// dead.
    pub fn pool(mut self, pool: PgPool) -> Self {
        self.place = Some(Place::Server(Server::Pool(pool)));
        self
    }

    /// The schema of the tables, which is made if it isn't there: an ASCII letter or underscore, then
    /// letters, digits and underscores. If not given, the first one in the `search_path` that exists:
    /// mostly `public`.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// What the names of all tables begin with, `punctual_` if not given: an ASCII letter or underscore,
    /// then letters, digits and underscores. Stores with different prefixes can share a schema.
    pub fn table_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.table_prefix = prefix.into();
        self
    }

    /// How many connections there may be at a time, at least 1; 5 if not given. A scheduler works on one,
    /// and calls from elsewhere (adding a job, listing) take another each while they last. One more
    /// listens for changes.
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

    /// How long a statement may take before the server gives it up and the store is
    /// [`Unavailable`](StoreErrorKind::Unavailable), to the millisecond; 30 seconds if not given. A server
    /// that does not answer at all is given up after this and the
    /// [`acquire_timeout`](Self::acquire_timeout). Making and migrating the tables may take any time. What
    /// another transaction holds (such as one of yours that has changed a job) is waited for 3 seconds at
    /// most, so that no process that waits is taken for dead.
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

    /// Checks everything; nothing is connected before the store is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](StoreErrorKind::Invalid) without a place for the jobs, or with a URL, schema, table
    /// prefix, number of connections or timeout that can't be.
    pub fn build(self) -> Result<PostgresJobStore, StoreError> {
        let invalid = |message: &str| StoreError::new(StoreErrorKind::Invalid, message);
        if self.max_connections == 0 {
            return Err(invalid("a PostgreSQL store needs at least 1 connection"));
        }
        let day = Duration::from_secs(24 * 60 * 60);
        if self.acquire_timeout.is_zero() || self.acquire_timeout > day {
            return Err(invalid(
                "an acquire timeout must be longer than nothing, and a day at most",
            ));
        }
        if self.statement_timeout.as_millis() == 0 || self.statement_timeout > day {
            return Err(invalid("a statement timeout must be 1 millisecond to a day"));
        }
        let server = match self.place {
            Some(Place::Server(server)) => server,
            Some(Place::Url(url)) => Server::At(Box::new(parse(&url)?)),
            None => {
                return Err(invalid("a PostgreSQL store needs a URL, connect options or a pool"));
            }
        };
        Ok(PostgresJobStore::with(Options {
            server,
            schema: self.schema.map(check_schema).transpose()?,
            tables: TablePrefix::new(&self.table_prefix)?,
            make_tables: self.make_tables,
            max_connections: self.max_connections,
            acquire_timeout: self.acquire_timeout,
            statement_timeout: self.statement_timeout,
        }))
    }
}

/// Errors don't repeat the URL, since it has a password in it.
fn parse(url: &str) -> Result<PgConnectOptions, StoreError> {
    let invalid = |message: &str| StoreError::new(StoreErrorKind::Invalid, message);
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(invalid("a PostgreSQL URL begins with postgres:// or postgresql://"));
    }
    let options: PgConnectOptions = url
        .parse()
        .map_err(|error| invalid("the PostgreSQL URL is not valid").with_source(error))?;
    Ok(match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("punctual"),
    })
}

impl fmt::Debug for PostgresJobStoreBuilder {
    /// Without the URL, which has a password in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresJobStoreBuilder")
            .field("schema", &self.schema)
            .field("table_prefix", &self.table_prefix)
            .field("make_tables", &self.make_tables)
            .field("max_connections", &self.max_connections)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .finish_non_exhaustive()
    }
}
