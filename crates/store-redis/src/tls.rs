//! Certificates for encrypted connections.

use punctual_core::StoreError;
use punctual_store_kit::Certificates;
use redis::{Client, ConnectionAddr, ConnectionInfo, RedisResult};

pub(crate) use imp::{Tls, read};

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
    use punctual_store_kit::{Cause, invalid};
    use redis::{ClientTlsConfig, TlsCertificates};

    use super::{Certificates, Client, ConnectionInfo, RedisResult, StoreError, encrypted};

    pub(crate) type Tls = TlsCertificates;

    /// Reads the files.
    pub(crate) fn read(certificates: &Certificates) -> Result<Tls, StoreError> {
        let client = certificates.read_client()?;
        let tls = TlsCertificates {
            root_cert: certificates.read_authority()?,
            client_tls: client
                .map(|(client_cert, client_key)| ClientTlsConfig { client_cert, client_key }),
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
