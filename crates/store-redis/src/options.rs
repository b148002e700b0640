//! The builder of the store.

use std::time::Duration;

use punctual_core::StoreError;
use punctual_store_kit::{Cause, SecretUrl, invalid};
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};

use crate::client::Timeouts;
use crate::keys::Keys;
use crate::store::RedisJobStore;

/// The schemes of URLs. Those with a second `s` require encryption.
const SCHEMES: &[&str] = &["redis", "rediss", "valkey", "valkeys"];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

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
    host: Option<String>,
    port: Option<u16>,
    db: Option<u32>,
    username: Option<String>,
    password: Option<String>,
    key_prefix: String,
    jobs_key: Option<String>,
    run_times_key: Option<String>,
    timeouts: Timeouts,
    sync: bool,
}

/// The validated options.
pub(crate) struct Options {
    pub(crate) server: redis::Client,
    pub(crate) keys: Keys,
    pub(crate) timeouts: Timeouts,
    /// Whether to wait until changes are on the disk.
    pub(crate) sync: bool,
}

impl RedisJobStoreBuilder {
    pub(crate) fn new() -> Self {
        let timeouts =
            Timeouts { connect: Duration::from_secs(5), response: Duration::from_secs(5) };
        Self {
            url: None,
            host: None,
            port: None,
            db: None,
            username: None,
            password: None,
            key_prefix: "punctual".into(),
            jobs_key: None,
            run_times_key: None,
            timeouts,
            sync: false,
        }
    }

    /// Stores jobs on the server of this URL: `redis://user:password@host:port/database`, where only the host is required.
    /// `rediss://` (with the feature `tls`) requires an encrypted connection. `valkey://` and `valkeys://` have the same
    /// meaning. The other options of this builder override parts of the URL.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        let url = SecretUrl::new("Redis", SCHEMES, url);
        let parse = |url: &str| url.into_connection_info().map_err(Cause);
        self.url = Some(url.and_then(|url| url.read(parse)));
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

    /// Validates all options. The store connects when it is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if neither a URL nor a host is set, or if the URL, a name or a
    /// timeout is invalid.
    pub fn build(self) -> Result<RedisJobStore, StoreError> {
        check_timeout("connect_timeout", self.timeouts.connect)?;
        check_timeout("response_timeout", self.timeouts.response)?;
        let keys =
            Keys::new(&self.key_prefix, self.jobs_key.as_deref(), self.run_times_key.as_deref())?;
        let (timeouts, sync) = (self.timeouts, self.sync);
        let server = redis::Client::open(self.connection()?).map_err(|error| {
            invalid("the address of the server is invalid").with_source(Cause(error))
        })?;
        Ok(RedisJobStore::with(Options { server, keys, timeouts, sync }))
    }

    fn connection(self) -> Result<ConnectionInfo, StoreError> {
        let info = match (self.url, &self.host) {
            (Some(url), _) => url?,
            (None, Some(_)) => default_server()?,
            (None, None) => return Err(invalid("a Redis store needs a URL or a host")),
        };
        let addr = replaced(info.addr().clone(), self.host, self.port)?;
        if !addr.is_supported() {
            return Err(invalid("an encrypted connection to Redis requires the feature tls"));
        }
        let mut login = info.redis_settings().clone();
        if let Some(db) = self.db {
            login = login.set_db(db.into());
        }
        if let Some(username) = self.username {
            login = login.set_username(username);
        }
        if let Some(password) = self.password {
            login = login.set_password(password);
        }
        Ok(info.set_addr(addr).set_redis_settings(login))
    }
}

fn default_server() -> Result<ConnectionInfo, StoreError> {
    let info = ("localhost", 6379).into_connection_info();
    info.map_err(|error| invalid("the address of the server is invalid").with_source(Cause(error)))
}

/// The address with another host or port.
fn replaced(
    addr: ConnectionAddr,
    new_host: Option<String>,
    new_port: Option<u16>,
) -> Result<ConnectionAddr, StoreError> {
    Ok(match addr {
        ConnectionAddr::Tcp(host, port) => {
            ConnectionAddr::Tcp(new_host.unwrap_or(host), new_port.unwrap_or(port))
        }
        ConnectionAddr::TcpTls { host, port, insecure, tls_params } => ConnectionAddr::TcpTls {
            host: new_host.unwrap_or(host),
            port: new_port.unwrap_or(port),
            insecure,
            tls_params,
        },
        other => other,
    })
}

fn check_timeout(name: &str, timeout: Duration) -> Result<(), StoreError> {
    if (Duration::from_millis(1)..=DAY).contains(&timeout) {
        return Ok(());
    }
    Err(invalid(format!("{name} must be 1ms to a day, not {timeout:?}")))
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
