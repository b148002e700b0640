//! URLs with the addresses of several servers, a login and a path.

use std::fmt;

use percent_encoding::percent_decode_str;
use punctual_core::StoreError;

use crate::name::invalid;

/// The address of a server.
///
/// ```
/// use punctual_store_kit::HostAddress;
///
/// assert_eq!(HostAddress::new("::1", 80)?.to_string(), "[::1]:80");
/// assert!(HostAddress::new("a b", 80).is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostAddress {
    /// A name or an address; one of IPv6 in brackets.
    pub host: String,
    /// The port, which is not 0.
    pub port: u16,
}

impl HostAddress {
    /// Checks a host, and adds the brackets of an address of IPv6.
    ///
    /// # Errors
    ///
    /// A text for users if the host or the port is invalid.
    pub fn new(host: &str, port: u16) -> Result<Self, String> {
        let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let unbracketed =
            host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if unbracketed.parse::<std::net::Ipv6Addr>().is_ok() {
            return Ok(Self { host: format!("[{unbracketed}]"), port });
        }
        match !host.is_empty() && host.chars().all(is_valid) && port > 0 {
            true => Ok(Self { host: host.into(), port }),
            false => Err("a host or its port is invalid".into()),
        }
    }

    /// Parses `HOST` or `HOST:PORT`.
    ///
    /// # Errors
    ///
    /// A text for users if the host or the port is invalid.
    pub fn parse(text: &str, default_port: u16) -> Result<Self, String> {
        let has_port =
            text.rsplit_once(':').filter(|(host, _)| !host.starts_with('[') || host.ends_with(']'));
        match has_port {
            None => Self::new(text, default_port),
            Some((host, port)) => Self::new(host, port.parse().map_err(|_| "a port is invalid")?),
        }
    }
}

impl fmt::Display for HostAddress {
    /// `HOST:PORT`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// The parts of a URL with several hosts. `Debug` shows only the scheme and the path, because of the password.
///
/// ```
/// use punctual_store_kit::HostsUrl;
///
/// let url = HostsUrl::parse("etcd://mailer:secret@a,b:1/jobs", 2379)?;
/// assert_eq!((url.scheme.as_str(), url.hosts.len(), url.path.as_deref()), ("etcd", 2, Some("jobs")));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostsUrl {
    /// The scheme.
    pub scheme: String,
    /// The servers, of which there is at least one.
    pub hosts: Vec<HostAddress>,
    /// The name of the user.
    pub username: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// Without its slashes at the ends.
    pub path: Option<String>,
}

impl HostsUrl {
    /// Parses `scheme://user:password@host:port,host:port/path`. The error contains nothing of the URL.
    ///
    /// # Errors
    ///
    /// A text for users if a part is invalid.
    pub fn parse(url: &str, default_port: u16) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").ok_or("it has no scheme")?;
        if rest.contains(['?', '#']) {
            return Err("it must not have a query; `?` and `#` are %3F and %23".into());
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (Some(login), hosts),
            None => (None, authority),
        };
        let (username, password) = match login.map(|login| login.split_once(':').ok_or(login)) {
            None => (None, None),
            Some(Err(name)) => (Some(decode(name)?), None),
            Some(Ok((name, password))) => (Some(decode(name)?), Some(decode(password)?)),
        };
        let path = path.trim_matches('/');
        let host = |host| HostAddress::parse(host, default_port);
        Ok(Self {
            scheme: scheme.to_owned(),
            hosts: hosts.split(',').map(host).collect::<Result<_, _>>()?,
            username,
            password,
            path: match path.is_empty() {
                true => None,
                false => Some(decode(path)?),
            },
        })
    }

    /// The servers of a store with these options: `host` and `port` replace those of the URL. `store` is the store in errors, such
    /// as `an etcd store`.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if neither a URL nor a host is set, if the host is invalid, or if
    /// there is a port without a host.
    pub fn servers(
        store: &str,
        url: Option<&Self>,
        host: Option<&str>,
        port: Option<u16>,
        default_port: u16,
    ) -> Result<Vec<HostAddress>, StoreError> {
        match (host, port, url) {
            (Some(host), port, _) => {
                let address = HostAddress::new(host, port.unwrap_or(default_port));
                Ok(vec![address.map_err(|_| invalid(format!("the host {host:?} is invalid")))?])
            }
            (None, Some(_), _) => Err(invalid("`port` requires `host`")),
            (None, None, Some(url)) => Ok(url.hosts.clone()),
            (None, None, None) => Err(invalid(format!("{store} needs a URL or a host"))),
        }
    }
}

impl fmt::Debug for HostsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostsUrl")
            .field("scheme", &self.scheme)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

fn decode(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| "a part of it is not UTF-8".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(url: &HostsUrl) -> Vec<(&str, u16)> {
        url.hosts.iter().map(|server| (server.host.as_str(), server.port)).collect()
    }

    #[test]
    fn urls_have_several_hosts_a_login_and_a_path() {
        let url = HostsUrl::parse(
            "etcd://me:p%40ss:w@a.example.org,b:1,[::1],[::1]:2/my%20jobs/x/",
            2379,
        )
        .ok()
        .unwrap();
        assert_eq!(
            addresses(&url),
            [("a.example.org", 2379), ("b", 1), ("[::1]", 2379), ("[::1]", 2)]
        );
        assert_eq!(
            (url.username.as_deref(), url.password.as_deref()),
            (Some("me"), Some("p@ss:w"))
        );
        assert_eq!((url.path.as_deref(), url.scheme.as_str()), (Some("my jobs/x"), "etcd"));
        let url = HostsUrl::parse("etcds://localhost", 2379).ok().unwrap();
        assert_eq!((url.username, url.path, url.scheme.as_str()), (None, None, "etcds"));
    }

    #[test]
    fn invalid_urls_are_rejected() {
        for url in [
            "etcd://",
            "etcd://a,",
            "etcd://a:b",
            "etcd://a:0",
            "etcd://a b",
            "etcd://[::1",
            "etcd://a?b",
            "etcd://%ff@a",
        ] {
            assert!(HostsUrl::parse(url, 2379).is_err(), "{url}");
        }
    }
}
