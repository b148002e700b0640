//! The builder of the store.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use punctual_core::StoreError;
use punctual_store_kit::{Certificates, HostsUrl, Login, SecretUrl, Timeouts, invalid};

use crate::RethinkDbJobStore;
use crate::config::{Options, check_database};
use crate::layout::Tables;

/// The port of RethinkDB for clients.
const PORT: u16 = 28_015;

/// The schemes of URLs. Connections to those with an `s` are encrypted.
const SCHEMES: &[&str] = &["rethinkdb", "rethinkdbs"];

/// Builder of a [`RethinkDbJobStore`]; returned by [`RethinkDbJobStore::builder`].
///
/// ```
/// use std::time::Duration;
/// use punctual_store_rethinkdb::RethinkDbJobStore;
///
/// let store = RethinkDbJobStore::builder()
///     .host("rethinkdb.example.org")
///     .username("mailer")
///     .password("secret")
///     .database("mailer")
///     .response_timeout(Duration::from_secs(2))
///     .build()?;
/// # Ok::<(), punctual_core::StoreError>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct RethinkDbJobStoreBuilder {
    url: Option<Result<HostsUrl, StoreError>>,
    host: Option<String>,
    port: Option<u16>,
    username: Option<String>,
    password: Option<String>,
    database: Option<String>,
    table_prefix: String,
    table: Option<String>,
    make_tables: bool,
    ca_cert: Option<PathBuf>,
    timeouts: Timeouts,
}

impl RethinkDbJobStoreBuilder {
    pub(crate) fn new() -> Self {
        Self {
            url: None,
            host: None,
            port: None,
            username: None,
            password: None,
            database: None,
            table_prefix: "punctual_".into(),
            table: None,
            make_tables: true,
            ca_cert: None,
            timeouts: Timeouts::default(),
        }
    }

    /// Stores jobs on the servers of this URL: `rethinkdb://user:password@host:port,host:port/database`, where only one host
    /// is required; the default port is 28015. Several hosts are servers of one cluster: if one can't be reached, the next one
    /// is used. `rethinkdbs://` (with the feature `tls`) encrypts the connections. The other options of this builder override
    /// parts of the URL.
    ///
    /// ```
    /// use punctual_store_rethinkdb::RethinkDbJobStore;
    ///
    /// let url = "rethinkdb://mailer:secret@a.example.org,b.example.org/mailer";
    /// let store = RethinkDbJobStore::builder().url(url).build()?;
    /// # Ok::<(), punctual_core::StoreError>(())
    /// ```
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(parse(url.into()));
        self
    }

    /// The host name or address, instead of the servers of the URL. The default is `localhost`.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// The port of [`host`](Self::host). The default is 28015.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The name of the user. The default is that of the URL, or `admin`.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// The password of the user. The default is that of the URL, or an empty one, which the user `admin` of a new server has.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// The database: 1 to 63 ASCII letters, digits, underscores and hyphens. The default is that of the URL, or `punctual`.
    pub fn database(mut self, database: impl Into<String>) -> Self {
        self.database = Some(database.into());
        self
    }

    /// The prefix of the names of all tables: 1 to 100 ASCII letters, digits and underscores, of which the first is not a
    /// digit. Stores with different prefixes can share a database. The default is `punctual_`.
    pub fn table_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.table_prefix = prefix.into();
        self
    }

    /// The name of the table with the jobs, in the form of [`table_prefix`](Self::table_prefix). The default is
    /// `{prefix}jobs`. It must not be a table of another program, such as APScheduler.
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = Some(name.into());
        self
    }

    /// Whether `start` creates the database, the tables and the indexes if they are missing. Otherwise it fails with
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) then. The default is `true`.
    pub fn make_tables(mut self, enabled: bool) -> Self {
        self.make_tables = enabled;
        self
    }

    /// The file with the certificates of the authorities that have signed the servers' certificates, in the PEM format.
    /// Connections are encrypted if it is set. The default is the list of Mozilla. Requires the feature `tls`.
    pub fn ca_cert(mut self, file: impl Into<PathBuf>) -> Self {
        self.ca_cert = Some(file.into());
        self
    }

    /// The timeout for connecting to one of the servers and logging in, after which the next one is tried; calls fail with
    /// [`Unavailable`](punctual_core::StoreErrorKind::Unavailable) after the last one. The default is 5 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.connect = timeout;
        self
    }

    /// The timeout for the response to a query, after which calls fail with
    /// [`Unavailable`](punctual_core::StoreErrorKind::Unavailable). The default is 5 seconds; it should be shorter than the
    /// lease of the scheduler. Some calls take several queries; the creation of tables and indexes may take up to two minutes.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.response = timeout;
        self
    }

    /// Validates all options. The store connects, and reads the file, when it is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if neither a URL nor a host is set, or if the URL, a name or a
    /// timeout is invalid, or if the feature `tls` is required.
    pub fn build(self) -> Result<RethinkDbJobStore, StoreError> {
        self.timeouts.check()?;
        let url = self.url.transpose()?;
        let servers = HostsUrl::servers(
            "a RethinkDB store",
            url.as_ref(),
            self.host.as_deref(),
            self.port,
            PORT,
        )?;
        let is_encrypted = url.as_ref().is_some_and(|url| url.scheme == "rethinkdbs");
        let (username, password, database) =
            url.map(|url| (url.username, url.password, url.path)).unwrap_or_default();
        let certificates = Certificates::of(self.ca_cert, None, None)?;
        let is_encrypted = is_encrypted || certificates.is_some();
        if is_encrypted && cfg!(not(feature = "tls")) {
            return Err(invalid("an encrypted connection to RethinkDB requires the feature tls"));
        }
        let database = self.database.or(database).unwrap_or_else(|| "punctual".into());
        check_database(&database)?;
        Ok(RethinkDbJobStore::with(Options {
            servers,
            login: Login {
                name: self.username.or(username).unwrap_or_else(|| "admin".into()),
                password: self.password.or(password).unwrap_or_default(),
            },
            tls: is_encrypted.then(|| certificates.unwrap_or_default()),
            tables: Tables::new(database, &self.table_prefix, self.table)?,
            timeouts: self.timeouts,
            make_tables: self.make_tables,
        }))
    }
}

/// Parses a URL. The error never contains it, because it may contain a password.
fn parse(url: String) -> Result<HostsUrl, StoreError> {
    SecretUrl::new("RethinkDB", SCHEMES, url)?.read(|url| HostsUrl::parse(url, PORT))
}

impl fmt::Debug for RethinkDbJobStoreBuilder {
    /// Omits the URL and the login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RethinkDbJobStoreBuilder")
            .field("database", &self.database)
            .field("table_prefix", &self.table_prefix)
            .field("table", &self.table)
            .field("make_tables", &self.make_tables)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}
