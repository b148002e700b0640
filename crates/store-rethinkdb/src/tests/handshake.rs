//! Logins, and peers that are no servers.

use punctual_core::{StoreError, StoreErrorKind, error_chain};
use punctual_store_kit::HostAddress;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::peer::{PASSWORD, Peer, Reply, client, client_of};
use crate::client::Client;
use crate::error::RequestError;
use crate::reql::Term;

async fn ask(client: &Client) -> Result<u64, RequestError> {
    client.value(&Term::null()).await
}

/// Checks an error, and that it does not contain the password.
fn check_error(error: RequestError, kind: StoreErrorKind, text: &str) {
    let error = StoreError::from(error);
    let shown = format!("{} {error:?}", error_chain(&error));
    assert!(shown.contains(text) && !shown.contains(PASSWORD), "{shown}");
    assert_eq!((error.kind(), error.is_retryable()), (kind, kind == StoreErrorKind::Unavailable));
}

#[tokio::test]
async fn a_client_logs_in_and_keeps_its_connection() {
    let peer = Peer::start([Reply::value(json!(7)), Reply::value(json!(8))]).await;
    let client = client(&[&peer], PASSWORD, false);
    assert_eq!(ask(&client).await.unwrap(), 7);
    assert_eq!(ask(&client).await.unwrap(), 8);
    assert_eq!(client.version().await.unwrap(), "2.4.4");
    assert_eq!(peer.connections(), 1);
    let numbers: Vec<_> = peer.queries().into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, [1, 2]);
    client.close();
    check_error(ask(&client).await.unwrap_err(), StoreErrorKind::Unavailable, "shut down");
}

#[tokio::test]
async fn a_wrong_password_is_rejected() {
    let peer = Peer::start([]).await;
    let client = client(&[&peer], "hunter2hunter2", false);
    let error = ask(&client).await.unwrap_err();
    check_error(error, StoreErrorKind::Invalid, "rejected the user or the password");
}

/// A client of a listener that answers each connection with these bytes, and then closes it.
async fn client_of_bytes(bytes: &'static [u8]) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            // The client may have closed the connection before it has read all.
            let _ = client.write_all(bytes).await;
            let _ = client.shutdown().await;
            let _ = client.read_to_end(&mut Vec::new()).await;
        }
    });
    client_of(vec![HostAddress::new("127.0.0.1", address.port()).unwrap()], PASSWORD, false)
}

#[tokio::test]
async fn other_servers_are_recognized() {
    static ENDLESS: [u8; 8 << 10] = [b'x'; 8 << 10];
    for (bytes, text) in [
        (&b""[..], "closed the connection"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "has no end"),
        (b"ERROR: unsupported\0", "not JSON"),
        (b"{\"success\":true}\0{}\0", "not JSON"),
        (b"{\"success\":true}\0{\"success\":true}\0", "an invalid message of the login"),
        (
            b"{\"success\":true}\0{\"success\":true,\"authentication\":\"r=abc,s=AAAA,i=1\"}\0",
            "an invalid message of the login",
        ),
        (&ENDLESS, "has no end"),
    ] {
        let client = client_of_bytes(bytes).await;
        check_error(ask(&client).await.unwrap_err(), StoreErrorKind::Unavailable, text);
    }
    let old =
        b"{\"success\":false,\"error\":\"Unsupported `protocol_version`.\",\"error_code\":2}\0";
    let client = client_of_bytes(old).await;
    check_error(ask(&client).await.unwrap_err(), StoreErrorKind::Unsupported, "protocol");
}

#[tokio::test]
async fn a_silent_server_does_not_block() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = HostAddress::new("127.0.0.1", silent.local_addr().unwrap().port()).unwrap();
    let client = client_of(vec![address.clone()], PASSWORD, true);
    check_error(ask(&client).await.unwrap_err(), StoreErrorKind::Unavailable, "in time");
    // Another server is used, now and later.
    let peer = Peer::start([Reply::value(json!(1)), Reply::value(json!(2))]).await;
    let nobody = HostAddress::new("127.0.0.1", 1).unwrap();
    let client = client_of(vec![address, nobody, peer.address.clone()], PASSWORD, true);
    assert_eq!(ask(&client).await.unwrap(), 1);
    assert_eq!(ask(&client).await.unwrap(), 2);
    assert_eq!(peer.connections(), 1);
}
