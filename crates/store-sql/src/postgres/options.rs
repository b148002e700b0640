//! How a store is made.

use std::time::Duration;

use punctual_core::StoreError;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

use super::PostgresJobStore;
use crate::error::invalid;
use crate::server::{self, Limits, Server};
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
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct PostgresJobStoreBuilder {
    server: Option<Result<Server<sqlx::Postgres>, StoreError>>,
    schema: Option<String>,
    table_prefix: String,
    make_tables: bool,
    limits: Limits,
}

/// What the builder has checked.
pub(crate) struct Options {
    pub(super) server: Server<sqlx::Postgres>,
    pub(super) schema: Option<String>,
    pub(super) tables: TablePrefix,
    pub(super) make_tables: bool,
    pub(super) limits: Limits,
}

impl PostgresJobStoreBuilder {
    pub(super) fn new() -> Self {
        Self {
            server: None,
            schema: None,
            table_prefix: TablePrefix::default().as_str().into(),
            make_tables: true,
            limits: Limits::default(),
        }
    }

    /// Keeps jobs in the database of this URL: `postgres://user:password@host:port/database`. What it
    /// leaves out comes from the variables that `psql` knows (`PGUSER`, `PGPASSWORD`, ..) and its password
    /// file. With the feature `tls`, `?sslmode=verify-full` asks for an encrypted connection.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.server = Some(parse(&url.into()).map(Server::at));
        self
    }

    /// Keeps jobs in the database that these options lead to, for what a URL can't say.
    pub fn connect_options(mut self, options: PgConnectOptions) -> Self {
        self.server = Some(Ok(Server::at(options)));
        self
    }

    /// Keeps jobs where this pool is connected to; the store never closes it. Its own settings hold: of
    /// [`max_connections`](Self::max_connections) and the timeouts only that counts after which a server
    /// that does not answer is given up. Listening for changes takes one connection beside the pool.
    /// Connect it with `disable_statement_logging`, or slow statements of the store get into your log. Set a
    /// `lock_timeout` below a third of the scheduler's lease: a process that waits for longer is taken for
    /// dead.
    pub fn pool(mut self, pool: PgPool) -> Self {
        self.server = Some(Ok(Server::Pool(pool)));
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
        self.limits.max_connections = connections;
        self
    }

    /// How long to wait for a connection, a free one or a new one, before the store is
    /// [`Unavailable`](punctual_core::StoreErrorKind::Unavailable); 5 seconds if not given.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.limits.acquire_timeout = timeout;
        self
    }

    /// How long a statement may take before the server gives it up and the store is
    /// [`Unavailable`](punctual_core::StoreErrorKind::Unavailable), to the millisecond; 30 seconds if not
    /// given. A server that does not answer at all is given up after this and the
    /// [`acquire_timeout`](Self::acquire_timeout). Making and migrating the tables may take any time. What
    /// another transaction holds (such as one of yours that has changed a job) is waited for 3 seconds at
    /// most, so that no process that waits is taken for dead.
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

    /// Checks everything; nothing is connected before the store is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) without a place for the jobs, or with a URL,
    /// schema, table prefix, number of connections or timeout that can't be.
    pub fn build(self) -> Result<PostgresJobStore, StoreError> {
        self.limits.check(Duration::from_millis(1))?;
        let nowhere = || invalid("a PostgreSQL store needs a URL, connect options or a pool");
        Ok(PostgresJobStore::with(Options {
            server: self.server.ok_or_else(nowhere)??,
            schema: self.schema.map(check_schema).transpose()?,
            tables: TablePrefix::new(&self.table_prefix)?,
            make_tables: self.make_tables,
            limits: self.limits,
        }))
    }
}

fn parse(url: &str) -> Result<PgConnectOptions, StoreError> {
    // PgBouncer refuses what it doesn't know, and there are no such columns.
    let options = server::parse::<sqlx::Postgres>(url)?.extra_float_digits(None);
    Ok(match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("punctual"),
    })
}
