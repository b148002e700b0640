//! URLs of etcd: the addresses of its servers, the login, and the path.

use percent_encoding::percent_decode_str;

/// The port of etcd for clients.
pub(crate) const PORT: u16 = 2379;

/// The address of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// A name or an address; one of IPv6 in brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Address {
    /// Checks a host, and adds the brackets of an address of IPv6.
    pub(crate) fn new(host: &str, port: u16) -> Result<Self, String> {
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
    fn parse(text: &str) -> Result<Self, String> {
        let has_port =
            text.rsplit_once(':').filter(|(host, _)| !host.starts_with('[') || host.ends_with(']'));
        match has_port {
            None => Self::new(text, PORT),
            Some((host, port)) => Self::new(host, port.parse().map_err(|_| "a port is invalid")?),
        }
    }
}

/// The parts of a URL.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) is_encrypted: bool,
    pub(crate) servers: Vec<Address>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    /// Without its slashes at the ends.
    pub(crate) path: Option<String>,
}

impl Url {
    /// Parses `etcd://user:password@host:port,host:port/path`. The error contains nothing of the URL.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
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
        Ok(Self {
            is_encrypted: scheme == "etcds",
            servers: hosts.split(',').map(Address::parse).collect::<Result<_, _>>()?,
            username,
            password,
            path: match path.is_empty() {
                true => None,
                false => Some(decode(path)?),
            },
        })
    }
}

fn decode(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| "a part of it is not UTF-8".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(url: &Url) -> Vec<(&str, u16)> {
        url.servers.iter().map(|server| (server.host.as_str(), server.port)).collect()
    }

    #[test]
    fn urls_have_several_hosts_a_login_and_a_path() {
        let url = Url::parse("etcd://me:p%40ss:w@a.example.org,b:1,[::1],[::1]:2/my%20jobs/x/")
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
        assert_eq!((url.path.as_deref(), url.is_encrypted), (Some("my jobs/x"), false));
        let url = Url::parse("etcds://localhost").ok().unwrap();
        assert_eq!((url.username, url.path, url.is_encrypted), (None, None, true));
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
            assert!(Url::parse(url).is_err(), "{url}");
        }
    }
}
