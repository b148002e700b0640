//! The builder of the store.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use punctual_core::StoreError;
use punctual_store_kit::{Certificates, HostsUrl, Login, SecretUrl, Timeouts, invalid};

use crate::EtcdJobStore;
use crate::config::Options;
use crate::layout::Keys;

/// The port of etcd for clients.
const PORT: u16 = 2379;

/// The schemes of URLs. Connections to those with an `s` are encrypted.
const SCHEMES: &[&str] = &["etcd", "etcds"];

/// The default of `--quota-backend-bytes`.
const DEFAULT_QUOTA: u64 = 2 << 30;

/// Builder of an [`EtcdJobStore`]; returned by [`EtcdJobStore::builder`].
///
/// ```
/// use std::time::Duration;
/// use punctual_store_etcd::EtcdJobStore;
///
/// let store = EtcdJobStore::builder()
///     .host("etcd.example.org")
///     .username("mailer")
///     .password("secret")
///     .path("/mailer")
///     .response_timeout(Duration::from_secs(2))
///     .build()?;
/// # Ok::<(), punctual_core::StoreError>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct EtcdJobStoreBuilder {
    url: Option<Result<HostsUrl, StoreError>>,
    host: Option<String>,
    port: Option<u16>,
    username: Option<String>,
    password: Option<String>,
    path: Option<String>,
    ca_cert: Option<PathBuf>,
    cert_cert: Option<PathBuf>,
    cert_key: Option<PathBuf>,
    timeouts: Timeouts,
    quota_bytes: u64,
}

impl EtcdJobStoreBuilder {
    pub(crate) fn new() -> Self {
        Self {
            url: None,
            host: None,
            port: None,
            username: None,
            password: None,
            path: None,
            ca_cert: None,
            cert_cert: None,
            cert_key: None,
            timeouts: Timeouts::default(),
            quota_bytes: DEFAULT_QUOTA,
        }
    }

    /// Stores jobs on the servers of this URL: `etcd://user:password@host:port,host:port/path`, where only one host is required;
    /// the default port is 2379. If a server can't be reached or has lost the others, the next one is used. `etcds://` (with
    /// the feature `tls`) encrypts the connections. The other options of this builder override parts of the URL.
    ///
    /// ```
    /// use punctual_store_etcd::EtcdJobStore;
    ///
    /// let url = "etcd://mailer:secret@etcd-1.example.org,etcd-2.example.org,etcd-3.example.org/mailer";
    /// let store = EtcdJobStore::builder().url(url).build()?;
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

    /// The port of [`host`](Self::host). The default is 2379.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The name of the user. The default is that of the URL, or no login.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// The password of the user. There is no default.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// The path below which all keys of the store are: 1 to 200 bytes without control characters, colons and empty parts. Slashes
    /// at its ends don't matter. Stores with different paths can share a cluster, also if one path begins with the other. The
    /// keys begin with the path and a colon; users need permissions for no others. The default is that of the URL, or
    /// `/punctual`. It must not be the path of another program, such as APScheduler.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The file with the certificate of the authority that has signed the servers' certificates, in the PEM format. Connections are
    /// encrypted if it is set. The default is the list of Mozilla. Requires the feature `tls`.
    pub fn ca_cert(mut self, file: impl Into<PathBuf>) -> Self {
        self.ca_cert = Some(file.into());
        self
    }

    /// The file with the certificate of this client, in the PEM format, for servers that require one. Requires
    /// [`cert_key`](Self::cert_key) and the feature `tls`.
    pub fn cert_cert(mut self, file: impl Into<PathBuf>) -> Self {
        self.cert_cert = Some(file.into());
        self
    }

    /// The file with the private key of [`cert_cert`](Self::cert_cert), in the PEM format.
    pub fn cert_key(mut self, file: impl Into<PathBuf>) -> Self {
        self.cert_key = Some(file.into());
        self
    }

    /// The timeout for connecting to one of the servers and logging in, after which the next one is tried; calls fail with
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

    /// The `--quota-backend-bytes` of the servers, for the warning of `start` when their database is almost full. The default is
    /// that of etcd, 2 GiB. Servers from version 3.6 on tell their quota.
    pub fn quota_backend_bytes(mut self, bytes: u64) -> Self {
        self.quota_bytes = bytes;
        self
    }

    /// Validates all options. The store connects, and reads the files, when it is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if neither a URL nor a host is set, or if the URL, the path or a
    /// timeout is invalid, or options are missing without which others have no meaning.
    pub fn build(self) -> Result<EtcdJobStore, StoreError> {
        self.timeouts.check()?;
        if self.quota_bytes == 0 {
            return Err(invalid("`quota_backend_bytes` must not be 0"));
        }
        let url = self.url.transpose()?;
        let servers = HostsUrl::servers(
            "an etcd store",
            url.as_ref(),
            self.host.as_deref(),
            self.port,
            PORT,
        )?;
        let is_encrypted = url.as_ref().is_some_and(|url| url.scheme == "etcds");
        let (username, password, path) =
            url.map(|url| (url.username, url.password, url.path)).unwrap_or_default();
        // A user without a password logs in by the name in the client's certificate.
        let login = Login::of(self.username.or(username), self.password.or(password))?;
        let certificates = Certificates::of(self.ca_cert, self.cert_cert, self.cert_key)?;
        let is_encrypted = is_encrypted || certificates.is_some();
        if is_encrypted && cfg!(not(feature = "tls")) {
            return Err(invalid("an encrypted connection to etcd requires the feature tls"));
        }
        let path = self.path.or(path).unwrap_or_else(|| "/punctual".into());
        Ok(EtcdJobStore::with(Options {
            servers,
            login,
            tls: is_encrypted.then(|| certificates.unwrap_or_default()),
            keys: Keys::new(&path)?,
            timeouts: self.timeouts,
            quota_bytes: self.quota_bytes,
        }))
    }
}

/// Parses a URL. The error never contains it, because it may contain a password.
fn parse(url: String) -> Result<HostsUrl, StoreError> {
    SecretUrl::new("etcd", SCHEMES, url)?.read(|url| HostsUrl::parse(url, PORT))
}

impl fmt::Debug for EtcdJobStoreBuilder {
    /// Omits the URL and the login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdJobStoreBuilder")
            .field("path", &self.path)
            .field("timeouts", &self.timeouts)
            .field("quota_backend_bytes", &self.quota_bytes)
            .finish_non_exhaustive()
    }
}
