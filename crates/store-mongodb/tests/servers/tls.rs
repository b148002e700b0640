//! Encrypted connections.

use std::fs;
use std::path::Path;

use punctual_core::{JobStore, StoreErrorKind};
use punctual_store_mongodb::MongoDbJobStore;
use punctual_testkit::assert_error;
use punctual_testkit::calls::{add, ids};
use tempfile::TempDir;

use crate::process::Member;

use StoreErrorKind::{Invalid, Unavailable};

/// The certificates of etcd's tests.
fn data(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store-etcd/tests/data");
    fs::canonicalize(folder.join(name)).expect("a file").display().to_string()
}

/// Writes a certificate and its key into one file, as MongoDB requires it.
fn joined(folder: &TempDir, name: &str) -> String {
    let path = folder.path().join(name).display().to_string();
    let read =
        |ending: &str| fs::read_to_string(data(&format!("{name}.{ending}"))).expect("a file");
    fs::write(&path, read("pem") + &read("key")).expect("a file");
    path
}

#[tokio::test]
async fn servers_and_clients_have_certificates() {
    let folder = TempDir::new().unwrap();
    let (server_file, client_file) = (joined(&folder, "server"), joined(&folder, "client"));
    let authority = data("ca.pem");
    let options = ["--tlsMode", "requireTLS", "--tlsCAFile", &authority];
    let server =
        Member::start(&[&options[..], &["--tlsCertificateKeyFile", &server_file]].concat()).await;
    let store = |options: &str| {
        let builder = MongoDbJobStore::builder().url(server.url() + options);
        builder.connect_timeout(std::time::Duration::from_secs(1)).build().unwrap()
    };
    let (authority, client) =
        (format!("&tlsCAFile={authority}"), format!("&tlsCertificateKeyFile={client_file}"));
    let encrypted = store(&format!("&tls=true{authority}{client}"));
    encrypted.start().await.unwrap();
    add(&encrypted, &["a"]).await.unwrap();
    assert_eq!(ids(&encrypted).await, ["a"]);

    // No certificate, an unknown authority, no encryption.
    for options in [format!("&tls=true{authority}"), format!("&tls=true{client}"), String::new()] {
        assert_error(&store(&options).start().await.unwrap_err(), Unavailable, "can be reached");
    }
    let missing = store("&tls=true&tlsCAFile=/none.pem").start().await.unwrap_err();
    assert_error(&missing, Invalid, "configuration of the connection");
}
