//! Encrypted connections.

use punctual_core::{JobStore, StoreErrorKind};
use punctual_store_etcd::EtcdJobStore;
use punctual_testkit::assert_local_server_error;
use punctual_testkit::calls::{add, ids};

use crate::process::Member;

#[tokio::test]
async fn servers_and_clients_have_certificates() {
    let path = |name: &str| Member::data(name).display().to_string();
    let server = Member::start(&[
        "--client-cert-auth",
        "--trusted-ca-file",
        &path("ca.pem"),
        "--cert-file",
        &path("server.pem"),
        "--key-file",
        &path("server.key"),
    ])
    .await;
    let builder = || EtcdJobStore::builder().url(server.url().replace("etcd://", "etcds://"));
    let with_authority = || builder().ca_cert(path("ca.pem"));
    let store = with_authority()
        .cert_cert(path("client.pem"))
        .cert_key(path("client.key"))
        .build()
        .unwrap();
    store.start().await.unwrap();
    let mut watch = store.watch().await.unwrap().unwrap();
    add(&store, &["a"]).await.unwrap();
    watch.changed().await.unwrap();
    assert_eq!(ids(&store).await, ["a"]);

    // No certificate, an unknown authority, no encryption.
    for store in [
        with_authority().build(),
        builder().cert_cert(path("client.pem")).cert_key(path("client.key")).build(),
        EtcdJobStore::open(server.url()),
    ] {
        let error = store.unwrap().start().await.unwrap_err();
        assert_local_server_error(&error, StoreErrorKind::Unavailable, "can't be reached");
    }
    let missing = builder().ca_cert(path("none.pem")).build().unwrap();
    assert_local_server_error(
        &missing.start().await.unwrap_err(),
        StoreErrorKind::Invalid,
        "`ca_cert`",
    );
    let wrong = with_authority().cert_cert(path("client.key")).cert_key(path("client.pem"));
    let error = wrong.build().unwrap().start().await.unwrap_err();
    assert_local_server_error(&error, StoreErrorKind::Invalid, "certificates for etcd are invalid");
}
