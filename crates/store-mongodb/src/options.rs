//! The builder of the store.

use std::time::Duration;

use mongodb::options::{ConnectionString, Credential, ServerAddress};
use punctual_core::StoreError;
use punctual_store_kit::{Cause, SecretUrl, Timeouts, check_name, invalid};

use crate::MongoDbJobStore;
use crate::config::{Options, check_database};
use crate::layout::Collections;

/// The schemes of URLs. The servers of those with `+srv` are found by the DNS.
const SCHEMES: &[&str] = match cfg!(feature = "dns") {
    true => &["mongodb", "mongodb+srv"],
    false => &["mongodb"],
};

/// Builder of a [`MongoDbJobStore`]; returned by [`MongoDbJobStore::builder`].
///
/// ```
/// use std::time::Duration;
/// use punctual_store_mongodb::MongoDbJobStore;
///
/// let store = MongoDbJobStore::builder()
///     .host("mongodb.example.org")
///     .username("mailer")
///     .password("secret")
///     .database("mailer")
///     .response_timeout(Duration::from_secs(2))
///     .build()?;
/// # Ok::<(), punctual_core::StoreError>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct MongoDbJobStoreBuilder {
    url: Option<Result<ConnectionString, StoreError>>,
    host: Option<String>,
    port: Option<u16>,
    username: Option<String>,
    password: Option<String>,
    auth_source: Option<String>,
    database: Option<String>,
    collection_prefix: String,
    collection: Option<String>,
    timeouts: Timeouts,
    change_streams: bool,
}

impl MongoDbJobStoreBuilder {
    pub(crate) fn new() -> Self {
        Self {
            url: None,
            host: None,
            port: None,
            username: None,
            password: None,
            auth_source: None,
            database: None,
            collection_prefix: "punctual_".into(),
            collection: None,
            timeouts: Timeouts::default(),
            change_streams: false,
        }
    }

    /// Stores jobs on the servers of this URL: `mongodb://user:password@host:port,host:port/database?options`, where only
    /// one host is required; the default port is 27017. The options are those of MongoDB's connection strings, such as
    /// `replicaSet`, `tls` or `authSource`; those about read and write concerns, the read preference and retries have no
    /// effect. `mongodb+srv://` requires the feature `dns`. The other options of this builder override parts of the URL.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(parse(url.into()));
        self
    }

    /// The host name or address, instead of the servers of the URL. The default is `localhost`.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// The port of [`host`](Self::host). The default is 27017.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The name of the user. The default is that of the URL, or no login.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// The password of [`username`](Self::username). There is no default.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// The database in which [`username`](Self::username) is defined. The default is `admin`.
    pub fn auth_source(mut self, database: impl Into<String>) -> Self {
        self.auth_source = Some(database.into());
        self
    }

    /// The database: 1 to 63 bytes without control characters and without any of `/\. "$*<>:|?`. The default is that of the
    /// URL, or `punctual`.
    pub fn database(mut self, database: impl Into<String>) -> Self {
        self.database = Some(database.into());
        self
    }

    /// The prefix of the names of all collections: 1 to 100 ASCII letters, digits and underscores, of which the first is not a
    /// digit. Stores with different prefixes can share a database. The default is `punctual_`.
    pub fn collection_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.collection_prefix = prefix.into();
        self
    }

    /// The name of the collection with the jobs, in the form of [`collection_prefix`](Self::collection_prefix). The default is
    /// `{prefix}jobs`. It must not be a collection of another program, such as APScheduler.
    pub fn collection(mut self, name: impl Into<String>) -> Self {
        self.collection = Some(name.into());
        self
    }

    /// The timeout for finding a server and connecting to it, after which calls fail with
    /// [`Unavailable`](punctual_core::StoreErrorKind::Unavailable). The default is 5 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.connect = timeout;
        self
    }

    /// The timeout for the response to a command, after which calls fail with
    /// [`Unavailable`](punctual_core::StoreErrorKind::Unavailable). It includes the wait for a majority of a replica set. The
    /// default is 5 seconds; it should be shorter than the lease of the scheduler. Some calls take several commands.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.response = timeout;
        self
    }

    /// Whether schedulers are notified by a change stream when another one adds or changes a job. Otherwise they query the
    /// next due time every second. Requires a replica set or a sharded cluster; `start` fails otherwise. The default is
    /// `false`.
    pub fn change_streams(mut self, enabled: bool) -> Self {
        self.change_streams = enabled;
        self
    }

    /// Validates all options. The store connects when it is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if neither a URL nor a host is set, or if the URL, a name or a
    /// timeout is invalid, or if there is a password without a user.
    pub fn build(self) -> Result<MongoDbJobStore, StoreError> {
        self.timeouts.check()?;
        let url = match (self.url, &self.host) {
            (Some(url), _) => url?,
            (None, Some(_)) => parse("mongodb://localhost".into())?,
            (None, None) => return Err(invalid("a MongoDB store needs a URL or a host")),
        };
        let address = match (self.host, self.port) {
            (None, None) => None,
            (None, Some(_)) => return Err(invalid("`port` requires `host`")),
            (Some(host), _) if host.is_empty() || host.contains(['/', ',', '@']) => {
                return Err(invalid(format!("the host {host:?} is invalid")));
            }
            (Some(host), port) => Some(ServerAddress::Tcp { host, port }),
        };
        let login = match (self.username, self.password, self.auth_source) {
            (None, None, None) => None,
            (None, ..) => return Err(invalid("`password` and `auth_source` require `username`")),
            (Some(username), password, source) => Some(
                Credential::builder().username(username).password(password).source(source).build(),
            ),
        };
        if let Some(database) = &self.database {
            check_database(database)?;
        }
        check_name("collection prefix", &self.collection_prefix, 100, &["system"])?;
        if let Some(collection) = &self.collection {
            check_name("collection", collection, 100, &["system"])?;
        }
        Ok(MongoDbJobStore::with(Options {
            url,
            address,
            login,
            database: self.database,
            collections: Collections::new(&self.collection_prefix, self.collection),
            timeouts: self.timeouts,
            change_streams: self.change_streams,
        }))
    }
}

/// Parses a URL. The error never contains it, because it may contain a password.
fn parse(url: String) -> Result<ConnectionString, StoreError> {
    let url = SecretUrl::new("MongoDB", SCHEMES, url)?;
    url.read(|url| ConnectionString::parse(url).map_err(|error| Cause(error.kind)))
}

impl std::fmt::Debug for MongoDbJobStoreBuilder {
    /// Omits the URL and the login.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MongoDbJobStoreBuilder")
            .field("database", &self.database)
            .field("collection_prefix", &self.collection_prefix)
            .field("collection", &self.collection)
            .field("timeouts", &self.timeouts)
            .field("change_streams", &self.change_streams)
            .finish_non_exhaustive()
    }
}
