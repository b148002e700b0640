//! Encrypted connections.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use punctual_core::StoreErrorKind;
use punctual_store_kit::Certificates;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use tokio_rustls::TlsAcceptor;

use super::peer::{PASSWORD, Peer, Reply, options};
use crate::client::Client;
use crate::reql::Term;
use crate::stream::Stream;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

async fn encrypting_peer(replies: impl IntoIterator<Item = Reply>) -> Peer {
    let certificate = CertificateDer::from_pem_file(data("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(data("server.key")).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Peer::start_with(replies, move |client| {
        let acceptor = acceptor.clone();
        async move { Some(Box::new(acceptor.accept(client).await.ok()?) as Stream) }
    })
    .await
}

/// Trusts the authorities in this file.
fn trusting(file: &str) -> Option<Certificates> {
    Certificates::of(Some(data(file)), None, None).unwrap()
}

async fn ask(peer: &Peer, tls: Option<Certificates>) -> Result<u64, crate::error::RequestError> {
    let options = options(vec![peer.address.clone()], PASSWORD, tls.is_none(), tls);
    Client::new(&options).unwrap().value(&Term::null()).await
}

#[tokio::test]
async fn the_certificate_of_the_server_is_checked() {
    let peer = encrypting_peer([Reply::value(json!(7))]).await;
    assert_eq!(ask(&peer, trusting("ca.pem")).await.unwrap(), 7);
    let error = ask(&peer, Some(Certificates::default())).await.unwrap_err();
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    assert!(ask(&peer, None).await.is_err(), "no encryption");
    let plain = Peer::start([]).await;
    let error = ask(&plain, trusting("ca.pem")).await.unwrap_err();
    assert!(error.must_reconnect(), "{error}");
}

#[test]
fn files_without_certificates_are_rejected() {
    for (file, text) in [("none.pem", "can't be read"), ("server.key", "no certificate")] {
        let tls = trusting(file);
        let error = Client::new(&options(Vec::new(), PASSWORD, true, tls)).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Invalid);
        assert!(error.to_string().contains(text), "{error}");
    }
}
