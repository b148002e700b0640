//! The addresses of servers for the client library, and encryption.

use punctual_core::StoreError;
use punctual_store_kit::{Certificates, HostAddress, invalid};
use tonic::transport::Endpoint;

pub(crate) use imp::{Tls, read};

/// A server, to which connections are encrypted if there are certificates.
pub(crate) fn endpoint(server: &HostAddress, tls: Option<&Tls>) -> Result<Endpoint, StoreError> {
    let scheme = if tls.is_some() { "https" } else { "http" };
    let uri = format!("{scheme}://{server}");
    let endpoint =
        Endpoint::from_shared(uri).map_err(|_| invalid("the address of a server is invalid"))?;
    match tls {
        None => Ok(endpoint),
        Some(tls) => imp::encrypted(endpoint, tls),
    }
}

#[cfg(feature = "tls")]
mod imp {
    use punctual_store_kit::Cause;
    use tonic::transport::{Certificate, ClientTlsConfig, Identity};

    use super::{Certificates, Endpoint, StoreError, invalid};

    pub(crate) type Tls = ClientTlsConfig;

    /// Reads the files with the certificates.
    pub(crate) fn read(certificates: &Certificates) -> Result<Tls, StoreError> {
        let mut tls = match certificates.read_authority()? {
            None => ClientTlsConfig::new().with_webpki_roots(),
            Some(text) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(text)),
        };
        if let Some((certificate, key)) = certificates.read_client()? {
            tls = tls.identity(Identity::from_pem(certificate, key));
        }
        Ok(tls)
    }

    pub(super) fn encrypted(endpoint: Endpoint, tls: &Tls) -> Result<Endpoint, StoreError> {
        endpoint.tls_config(tls.clone()).map_err(|error| {
            let text = punctual_core::error_chain(&error).to_string();
            invalid("the certificates for etcd are invalid").with_source(Cause(text))
        })
    }
}

#[cfg(not(feature = "tls"))]
mod imp {
    use super::{Certificates, Endpoint, StoreError, invalid};

    /// There is none without the feature; the builder rejects its options.
    pub(crate) enum Tls {}

    pub(crate) fn read(_: &Certificates) -> Result<Tls, StoreError> {
        Err(invalid("an encrypted connection to etcd requires the feature tls"))
    }

    pub(super) fn encrypted(_: Endpoint, tls: &Tls) -> Result<Endpoint, StoreError> {
        match *tls {}
    }
}
