//! Certificates for encrypted connections.

use std::path::PathBuf;

use punctual_core::StoreError;
use redis::{Client, ConnectionAddr, ConnectionInfo, RedisResult};

pub(crate) use imp::{Tls, read};

/// The files with certificates.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "tls"), allow(dead_code, reason = "the builder rejects them then"))]
pub(crate) struct Certificates {
    /// The authorities that are trusted; those of Mozilla if `None`.
    pub(crate) authority: Option<PathBuf>,
    /// The certificate of the client, and its key.
    pub(crate) client: Option<(PathBuf, PathBuf)>,
}

/// The address, with encryption.
pub(crate) fn encrypted(addr: ConnectionAddr) -> ConnectionAddr {
    match addr {
        ConnectionAddr::Tcp(host, port) => {
            ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
        }
        other => other,
    }
}

/// A client of a server, with these certificates if its connections are encrypted.
pub(crate) fn client(server: ConnectionInfo, tls: Option<&Tls>) -> RedisResult<Client> {
    match (server.addr(), tls) {
        (ConnectionAddr::TcpTls { .. }, Some(tls)) => imp::client(server, tls),
        _ => Client::open(server),
    }
}

#[cfg(feature = "tls")]
mod imp {
    use std::path::Path;

    use punctual_store_kit::{Cause, invalid};
    use redis::{ClientTlsConfig, TlsCertificates};

    use super::{Certificates, Client, ConnectionInfo, RedisResult, StoreError, encrypted};

    pub(crate) type Tls = TlsCertificates;

    /// Reads the files.
    pub(crate) fn read(certificates: &Certificates) -> Result<Tls, StoreError> {
        let Certificates { authority, client } = certificates;
        let tls = TlsCertificates {
            root_cert: authority.as_ref().map(|path| file("ca_cert", path)).transpose()?,
            client_tls: match client {
                None => None,
                Some((certificate, key)) => Some(ClientTlsConfig {
                    client_cert: file("cert_cert", certificate)?,
                    client_key: file("cert_key", key)?,
                }),
            },
        };
        // Errors of the files' contents are not those of a connection.
        let addr = encrypted(redis::ConnectionAddr::Tcp("localhost".into(), 0));
        let checked = redis::IntoConnectionInfo::into_connection_info(addr)
            .and_then(|server| self::client(server, &tls));
        checked.map_err(|error| {
            invalid("the certificates for Redis are invalid").with_source(Cause(error))
        })?;
        Ok(tls)
    }

    fn file(option: &str, path: &Path) -> Result<Vec<u8>, StoreError> {
        std::fs::read(path).map_err(|error| {
            invalid(format!("the file of `{option}` can't be read")).with_source(error)
        })
    }

    pub(super) fn client(server: ConnectionInfo, tls: &Tls) -> RedisResult<Client> {
        Client::build_with_tls(server, tls.clone())
    }
}

#[cfg(not(feature = "tls"))]
mod imp {
    use punctual_store_kit::invalid;

    use super::{Certificates, Client, ConnectionInfo, RedisResult, StoreError};

    /// There is none without the feature; the builder rejects its options.
    pub(crate) enum Tls {}

    pub(crate) fn read(_: &Certificates) -> Result<Tls, StoreError> {
        Err(invalid("an encrypted connection to Redis requires the feature tls"))
    }

    pub(super) fn client(_: ConnectionInfo, tls: &Tls) -> RedisResult<Client> {
        match *tls {}
    }
}
