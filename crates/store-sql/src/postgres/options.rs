//! The builder of the store.

use std::time::Duration;

use punctual_core::StoreError;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

use super::PostgresJobStore;
use crate::error::invalid;
use crate::server::{self, ConnectionSource, Limits};
use crate::tables::{TablePrefix, check_schema};

/// Builder of a [`PostgresJobStore`]; returned by [`PostgresJobStore::builder`].
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
    server: Option<Result<ConnectionSource<sqlx::Postgres>, StoreError>>,
    schema: Option<String>,
    table_prefix: String,
    make_tables: bool,
    limits: Limits,
}

/// The validated options.
pub(crate) struct Options {
    pub(super) server: ConnectionSource<sqlx::Postgres>,
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

    /// Stores jobs in the database of this URL: `postgres://user:password@host:port/database`. Missing parts are taken
    /// from the environment variables of `psql` (`PGUSER`, `PGPASSWORD`, ..) and its password file. With the feature
    /// `tls`, `?sslmode=verify-full` requires an encrypted connection.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.server = Some(parse(&url.into()).map(ConnectionSource::options));
        self
    }

    /// Stores jobs in the database of these options, for settings that a URL does not support.
    pub fn connect_options(mut self, options: PgConnectOptions) -> Self {
        self.server = Some(Ok(ConnectionSource::options(options)));
        self
    }

    /// Uses this pool; the store never closes it. The settings of the pool apply; of this builder's timeouts only their
    /// sum is used, as the timeout of calls ([`acquire_timeout`](Self::acquire_timeout) plus
    /// [`statement_timeout`](Self::statement_timeout)). Notifications use one connection in addition to the pool.
    /// Create the pool with `disable_statement_logging`, otherwise slow statements of the store are logged. Set a
    /// `lock_timeout` below a third of the scheduler's lease: the lease of a node that waits longer may expire.
    pub fn pool(mut self, pool: PgPool) -> Self {
        self.server = Some(Ok(ConnectionSource::Pool(pool)));
        self
    }

    /// The schema of the tables, which is created if it does not exist: an ASCII letter or underscore, followed by
    /// letters, digits and underscores. The default is the first existing schema in the `search_path`, usually
    /// `public`.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// The prefix of the names of all tables: an ASCII letter or underscore, followed by letters, digits and
    /// underscores. Stores with different prefixes can share a schema. The default is `punctual_`.
    pub fn table_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.table_prefix = prefix.into();
        self
    }

    /// The maximum number of connections, at least 1; the default is 5. A scheduler uses one, and concurrent calls of
    /// the program (adding a job, listing) use one more each. Notifications use an additional connection.
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

    /// The timeout of a statement, after which the server cancels it and the call fails with
    /// [`Unavailable`](punctual_core::StoreErrorKind::Unavailable), in whole milliseconds. The default is 30 seconds.
    /// If the server does not respond, calls time out after this plus the [`acquire_timeout`](Self::acquire_timeout).
    /// The creation and migration of tables is not limited. The timeout for a lock of another transaction (e.g. one of
    /// the program that has changed a job) is 3 seconds, so that the lease of a waiting node does not expire.
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
    /// if the URL, the schema, the table prefix, the number of connections or a timeout is invalid.
    pub fn build(self) -> Result<PostgresJobStore, StoreError> {
        self.limits.check(Duration::from_millis(1))?;
        let missing_source =
            || invalid("a PostgreSQL store needs a URL, connect options or a pool");
        Ok(PostgresJobStore::with(Options {
            server: self.server.ok_or_else(missing_source)??,
            schema: self.schema.map(check_schema).transpose()?,
            tables: TablePrefix::new(&self.table_prefix)?,
            make_tables: self.make_tables,
            limits: self.limits,
        }))
    }
}

fn parse(url: &str) -> Result<PgConnectOptions, StoreError> {
    // PgBouncer rejects unknown startup parameters, and there are no floating-point columns.
    let options = server::parse::<sqlx::Postgres>(url)?.extra_float_digits(None);
    Ok(match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("punctual"),
    })
}
