//! The builder of the store.

use std::fmt;
use std::time::Duration;

use punctual_core::StoreError;
use punctual_store_kit::{HostAddress, HostsUrl, Login, SecretUrl, check_timeout, invalid};

use crate::ZooKeeperJobStore;
use crate::config::{Options, Timeouts};
use crate::layout::Paths;

/// The port of ZooKeeper for clients.
const PORT: u16 = 2181;

/// Builder of a [`ZooKeeperJobStore`]; returned by [`ZooKeeperJobStore::builder`].
///
/// ```
/// use std::time::Duration;
/// use punctual_store_zookeeper::ZooKeeperJobStore;
///
/// let store = ZooKeeperJobStore::builder()
///     .hosts("zk-1.example.org,zk-2.example.org:2182")
///     .username("mailer")
///     .password("secret")
///     .path("/mailer")
///     .response_timeout(Duration::from_secs(2))
///     .build()?;
/// # Ok::<(), punctual_core::StoreError>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct ZooKeeperJobStoreBuilder {
    url: Option<Result<HostsUrl, StoreError>>,
    hosts: Option<String>,
    username: Option<String>,
    password: Option<String>,
    path: Option<String>,
    timeouts: Timeouts,
}

impl ZooKeeperJobStoreBuilder {
    pub(crate) fn new() -> Self {
        let seconds = Duration::from_secs;
        let timeouts = Timeouts { connect: seconds(5), response: seconds(5), session: seconds(10) };
        Self { url: None, hosts: None, username: None, password: None, path: None, timeouts }
    }

    /// Stores jobs on the servers of this URL: `zookeeper://user:password@host:port,host:port/path`, where only one host is required;
    /// the default port is 2181. If a server can't be reached or has lost the others, another one is used. The other options of
    /// this builder override parts of the URL.
    ///
    /// ```
    /// use punctual_store_zookeeper::ZooKeeperJobStore;
    ///
    /// let url = "zookeeper://mailer:secret@zk-1.example.org,zk-2.example.org,zk-3.example.org/mailer";
    /// let store = ZooKeeperJobStore::builder().url(url).build()?;
    /// # Ok::<(), punctual_core::StoreError>(())
    /// ```
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(parse(url.into()));
        self
    }

    /// The servers, instead of those of the URL: names or addresses with or without ports, separated by commas.
    pub fn hosts(mut self, hosts: impl Into<String>) -> Self {
        self.hosts = Some(hosts.into());
        self
    }

    /// The name of the user, for the scheme `digest`. Only this user may then use the nodes that the store creates. The default
    /// is that of the URL, or no login.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// The password of the user. There is no default.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// The path below which all nodes of the store are: 1 to 200 bytes without empty parts. Slashes at its ends don't matter. It is
    /// created if it does not exist. Stores with different paths can share the servers, if none is inside another one. The
    /// default is that of the URL, or `/punctual`. It must not be the path of another program, such as APScheduler.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The timeout for connecting to one of the servers, after which another one is tried; calls fail with
    /// [`Unavailable`](punctual_core::StoreErrorKind::Unavailable) after the last one. The default is 5 seconds.
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

    /// How long the servers keep a session that has no connection. Nothing is lost when it ends. The servers may choose another
    /// timeout. A connection whose server does not respond for two fifths of it, or for `connect_timeout` if that is shorter, is
    /// replaced. The default is 10 seconds.
    pub fn session_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.session = timeout;
        self
    }

    /// Validates all options. The store connects when it is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if neither a URL nor hosts are set, or if the URL, the path or a
    /// timeout is invalid, or options are missing without which others have no meaning.
    pub fn build(self) -> Result<ZooKeeperJobStore, StoreError> {
        let shortest = Duration::from_millis(1);
        check_timeout("connect_timeout", self.timeouts.connect, shortest)?;
        check_timeout("response_timeout", self.timeouts.response, shortest)?;
        check_timeout("session_timeout", self.timeouts.session, shortest)?;
        let url = self.url.transpose()?;
        let servers = match (self.hosts, &url) {
            (Some(hosts), _) => {
                let parsed = hosts.split(',').map(|host| HostAddress::parse(host.trim(), PORT));
                let parsed: Result<_, _> = parsed.collect();
                parsed.map_err(|error| invalid(format!("`hosts` is {hosts:?}: {error}")))?
            }
            (None, Some(url)) => url.hosts.clone(),
            (None, None) => return Err(invalid("a ZooKeeper store needs a URL or hosts")),
        };
        let (username, password, path) =
            url.map(|url| (url.username, url.password, url.path)).unwrap_or_default();
        let login = Login::of(self.username.or(username), self.password.or(password))?;
        let is_invalid = |login: &Login| login.name.is_empty() || login.name.contains(':');
        if login.as_ref().is_some_and(is_invalid) {
            return Err(invalid("a user of ZooKeeper must have a name without colons"));
        }
        let path = self.path.or(path).unwrap_or_else(|| "/punctual".into());
        let (paths, timeouts) = (Paths::new(&path)?, self.timeouts);
        Ok(ZooKeeperJobStore::with(Options { servers, login, paths, timeouts }))
    }
}

/// Parses a URL. The error never contains it, because it may contain a password.
fn parse(url: String) -> Result<HostsUrl, StoreError> {
    SecretUrl::new("ZooKeeper", &["zookeeper"], url)?.read(|url| HostsUrl::parse(url, PORT))
}

impl fmt::Debug for ZooKeeperJobStoreBuilder {
    /// Omits the URL and the login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZooKeeperJobStoreBuilder")
            .field("path", &self.path)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}
