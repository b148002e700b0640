//! The builder of the store.

use std::path::PathBuf;
use std::time::Duration;

use punctual_core::StoreError;
use punctual_store_kit::{Cause, Certificates, SecretUrl, Timeouts, invalid};
use redis::{ConnectionInfo, IntoConnectionInfo};

use crate::RedisJobStore;
use crate::keys::Keys;
use crate::servers::{Servers, replaced};
use crate::tls::encrypted;

/// The schemes of URLs. Those with a second `s` require encryption.
const SCHEMES: &[&str] = &["redis", "rediss", "valkey", "valkeys"];

/// Builder of a [`RedisJobStore`]; returned by [`RedisJobStore::builder`].
///
/// ```
/// use std::time::Duration;
/// use punctual_store_redis::RedisJobStore;
///
/// let store = RedisJobStore::builder()
///     .host("redis.example.org")
///     .username("mailer")
///     .password("secret")
///     .db(1)
///     .key_prefix("mailer")
///     .response_timeout(Duration::from_secs(2))
///     .build()?;
/// # Ok::<(), punctual_core::StoreError>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct RedisJobStoreBuilder {
    url: Option<Result<ConnectionInfo, StoreError>>,
    other_urls: Result<Vec<ConnectionInfo>, StoreError>,
    sentinel: Option<(String, Result<Vec<ConnectionInfo>, StoreError>)>,
    host: Option<String>,
    port: Option<u16>,
    db: Option<u32>,
    username: Option<String>,
    password: Option<String>,
    ca_cert: Option<PathBuf>,
    cert_cert: Option<PathBuf>,
    cert_key: Option<PathBuf>,
    key_prefix: String,
    jobs_key: Option<String>,
    run_times_key: Option<String>,
    timeouts: Timeouts,
    sync: bool,
}

/// The validated options.
pub(crate) struct Options {
    pub(crate) servers: Servers,
    /// `None` if the authorities are those of Mozilla, and the client has no certificate.
    pub(crate) certificates: Option<Certificates>,
    pub(crate) keys: Keys,
    pub(crate) timeouts: Timeouts,
    /// Whether to wait until changes are on the disk.
    pub(crate) sync: bool,
}

impl RedisJobStoreBuilder {
    pub(crate) fn new() -> Self {
        Self {
            url: None,
            other_urls: Ok(Vec::new()),
            sentinel: None,
            host: None,
            port: None,
            db: None,
            username: None,
            password: None,
            ca_cert: None,
            cert_cert: None,
            cert_key: None,
            key_prefix: "punctual".into(),
            jobs_key: None,
            run_times_key: None,
            timeouts: Timeouts::default(),
            sync: false,
        }
    }

    /// Stores jobs on the server of this URL: `redis://user:password@host:port/database`, where only the host is required.
    /// `rediss://` (with the feature `tls`) requires an encrypted connection. `valkey://` and `valkeys://` have the same
    /// meaning. The other options of this builder override parts of the URL.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(parse(url.into()));
        self
    }

    /// Further servers, which are tried if that of [`url`](Self::url) can't be reached or accepts no changes: other servers of
    /// the same cluster, or replicas that may be promoted. The login is that of the first URL, with the options of this builder.
    pub fn other_urls<U: Into<String>>(mut self, urls: impl IntoIterator<Item = U>) -> Self {
        self.other_urls = urls.into_iter().map(|url| parse(url.into())).collect();
        self
    }

    /// Stores jobs on the current master of this name, whose address one of these sentinels tells. The URLs may contain the
    /// login of the sentinels; the login of the master, its database and whether it requires encryption are those of
    /// [`url`](Self::url), whose address does not matter, or of the other options of this builder.
    pub fn sentinel<U: Into<String>>(
        mut self,
        master: impl Into<String>,
        urls: impl IntoIterator<Item = U>,
    ) -> Self {
        let urls = urls.into_iter().map(|url| parse(url.into())).collect();
        self.sentinel = Some((master.into(), urls));
        self
    }

    /// The host name or address. The default is `localhost`.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// The port. The default is 6379.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The number of the database. The default is 0.
    pub fn db(mut self, db: u32) -> Self {
        self.db = Some(db);
        self
    }

    /// The name of the user. The default is the server's default user.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// The password. There is no default.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// The file with the certificates of the authorities that are trusted, in the PEM format, and encryption of the connections
    /// to the servers (those to sentinels are encrypted if their URLs say so). With the feature `tls`; the default is the
    /// certificates of Mozilla.
    pub fn ca_cert(mut self, file: impl Into<PathBuf>) -> Self {
        self.ca_cert = Some(file.into());
        self
    }

    /// The file with the certificate of the client, in the PEM format, which servers require by default
    /// (`tls-auth-clients`); requires [`cert_key`](Self::cert_key). There is no default.
    pub fn cert_cert(mut self, file: impl Into<PathBuf>) -> Self {
        self.cert_cert = Some(file.into());
        self
    }

    /// The file with the key of the certificate of the client, in the PEM format; requires
    /// [`cert_cert`](Self::cert_cert). There is no default.
    pub fn cert_key(mut self, file: impl Into<PathBuf>) -> Self {
        self.cert_key = Some(file.into());
        self
    }

    /// The prefix of the names of all keys: 1 to 200 bytes without control characters, of which the first is not `}`. Stores
    /// with different prefixes can share a database. The names are `{prefix}:jobs` and the like; because of the braces, a
    /// cluster stores all keys of a store on one server. The default is `punctual`.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.key_prefix = prefix.into();
        self
    }

    /// The name of the key with the jobs. The default is `{prefix}:jobs`. It must not be a key of another program, such as
    /// APScheduler.
    pub fn jobs_key(mut self, key: impl Into<String>) -> Self {
        self.jobs_key = Some(key.into());
        self
    }

    /// The name of the key with the due times of the jobs. The default is `{prefix}:run_times`. It must not be a key of
    /// another program, such as APScheduler.
    pub fn run_times_key(mut self, key: impl Into<String>) -> Self {
        self.run_times_key = Some(key.into());
        self
    }

    /// The timeout for connecting, after which calls fail with
    /// [`Unavailable`](punctual_core::StoreErrorKind::Unavailable). The default is 5 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.connect = timeout;
        self
    }

    /// The timeout for the response to a request, after which calls fail with
    /// [`Unavailable`](punctual_core::StoreErrorKind::Unavailable). The default is 5 seconds; it should be shorter than the
    /// lease of the scheduler. Some calls take several requests.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.response = timeout;
        self
    }

    /// Whether calls that add, change or remove jobs, or commit runs, wait until the server has written the change to the
    /// disk (`WAITAOF`); the default is `false`. Nothing is lost then with `appendfsync everysec`, which otherwise loses about
    /// a second when the machine crashes, but each of these calls takes up to a second. Requires Redis 7.2 or newer with
    /// `appendonly yes`.
    pub fn wait_aof(mut self, wait: bool) -> Self {
        self.sync = wait;
        self
    }

    /// Validates all options. The store connects, and reads the files, when it is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if neither a URL nor a host is set, if the URL, a name or a
    /// timeout is invalid, or options are missing without which others have no meaning.
    pub fn build(mut self) -> Result<RedisJobStore, StoreError> {
        self.timeouts.check()?;
        let keys =
            Keys::new(&self.key_prefix, self.jobs_key.as_deref(), self.run_times_key.as_deref())?;
        let (client, key) = (self.cert_cert.take(), self.cert_key.take());
        let certificates = Certificates::of(self.ca_cert.take(), client, key)?;
        let (timeouts, sync) = (self.timeouts, self.sync);
        let servers = self.servers(certificates.is_some())?;
        Ok(RedisJobStore::with(Options { servers, certificates, keys, timeouts, sync }))
    }

    fn servers(self, is_encrypted: bool) -> Result<Servers, StoreError> {
        let missing = || invalid("a Redis store needs a URL, a host or a sentinel");
        let first = match (self.url, &self.host, &self.sentinel) {
            (Some(url), ..) => url?,
            (None, None, None) => return Err(missing()),
            (None, ..) => parse("redis://localhost".into())?,
        };
        let first_addr = replaced(first.addr().clone(), self.host, self.port);
        let mut login = first.redis_settings().clone();
        if let Some(db) = self.db {
            login = login.set_db(db.into());
        }
        if let Some(username) = self.username {
            login = login.set_username(username);
        }
        if let Some(password) = self.password {
            login = login.set_password(password);
        }
        let first = first.set_addr(first_addr).set_redis_settings(login.clone());
        let encrypt = |server: ConnectionInfo| match is_encrypted {
            true => server.clone().set_addr(encrypted(server.addr().clone())),
            false => server,
        };
        let first = encrypt(first);
        let others = self.other_urls?.into_iter().map(encrypt);
        let servers = match self.sentinel {
            None => {
                let others = others.map(|other| other.set_redis_settings(login.clone()));
                Servers::Addresses([first].into_iter().chain(others).collect())
            }
            Some((master, sentinels)) => {
                let sentinels = sentinels?;
                if sentinels.is_empty() || others.len() > 0 {
                    return Err(invalid(
                        "`sentinel` needs the URL of a sentinel, and excludes `other_urls`",
                    ));
                }
                Servers::Sentinel { master, sentinels, template: Box::new(first) }
            }
        };
        match servers.are_supported() {
            true => Ok(servers),
            false => Err(invalid("an encrypted connection to Redis requires the feature tls")),
        }
    }
}

/// Parses a URL. The error never contains it, because it may contain a password.
fn parse(url: String) -> Result<ConnectionInfo, StoreError> {
    let url = SecretUrl::new("Redis", SCHEMES, url)?;
    url.read(|url| url.into_connection_info().map_err(Cause))
}

impl std::fmt::Debug for RedisJobStoreBuilder {
    /// Omits the URL and the login.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisJobStoreBuilder")
            .field("key_prefix", &self.key_prefix)
            .field("jobs_key", &self.jobs_key)
            .field("run_times_key", &self.run_times_key)
            .field("timeouts", &self.timeouts)
            .field("wait_aof", &self.sync)
            .finish_non_exhaustive()
    }
}
