//! Encrypted connections.

use punctual_core::StoreError;
use punctual_store_kit::{Certificates, invalid};
use tokio::net::TcpStream;

use crate::error::RequestError;
use crate::stream::Stream;

pub(crate) use imp::{Tls, encrypt, read};

#[cfg(feature = "tls")]
mod imp {
    use std::sync::Arc;

    use punctual_core::error_chain;
    use rustls::crypto::ring;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName};
    use rustls::{ClientConfig, RootCertStore};
    use tokio_rustls::TlsConnector;

    use super::{Certificates, RequestError, StoreError, Stream, TcpStream, invalid};

    pub(crate) type Tls = TlsConnector;

    /// Reads the certificates of the authorities.
    pub(crate) fn read(certificates: &Certificates) -> Result<Tls, StoreError> {
        let mut roots = RootCertStore::empty();
        match certificates.read_authority()? {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(text) => {
                for certificate in CertificateDer::pem_slice_iter(&text) {
                    let added = certificate
                        .map_err(|error| error.to_string())
                        .and_then(|one| roots.add(one).map_err(|error| error.to_string()));
                    added.map_err(|error| {
                        invalid(format!("the file of `ca_cert` is invalid: {error}"))
                    })?;
                }
                if roots.is_empty() {
                    return Err(invalid("the file of `ca_cert` contains no certificate"));
                }
            }
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| invalid("TLS is not available").with_source(error))?;
        let config = builder.with_root_certificates(roots).with_no_client_auth();
        Ok(TlsConnector::from(Arc::new(config)))
    }

    /// Encrypts a connection to this host.
    pub(crate) async fn encrypt(
        tls: &Tls,
        host: &str,
        stream: TcpStream,
    ) -> Result<Stream, RequestError> {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host)
            .map_err(|_| RequestError::Unreachable("the name of a host is invalid".into()))?;
        match tls.connect(name, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(RequestError::Unreachable(error_chain(&error).to_string())),
        }
    }
}

#[cfg(not(feature = "tls"))]
mod imp {
    use super::{Certificates, RequestError, StoreError, Stream, TcpStream, invalid};

    /// There is none without the feature; the builder rejects its options.
    pub(crate) enum Tls {}

    pub(crate) fn read(_: &Certificates) -> Result<Tls, StoreError> {
        Err(invalid("an encrypted connection to RethinkDB requires the feature tls"))
    }

    pub(crate) async fn encrypt(tls: &Tls, _: &str, _: TcpStream) -> Result<Stream, RequestError> {
        match *tls {}
    }
}
