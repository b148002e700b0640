//! The number of commands of a batch, on the server of `PUNCTUAL_TEST_MONGODB_URL`.

use std::sync::{Arc, Mutex};

use punctual_core::{JobStore, NewRecord, TaskFilter};
use punctual_store_mongodb::MongoDbJobStore;
use punctual_testkit::calls::{advance, at, claim, job, node};
use punctual_testkit::server_url;
use tokio::io::{AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use crate::wire::Request;

/// The names of commands, without those of the client library.
type Commands = Arc<Mutex<Vec<String>>>;

/// Starts a proxy that records the commands. Returns its URL.
async fn proxy(commands: &Commands) -> String {
    let url = server_url("mongodb");
    let (_, rest) = url.split_once("://").expect("a URL");
    let server = rest.split(['/', '?']).next().and_then(|login| login.rsplit('@').next());
    let server = server.expect("a server").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let here = listener.local_addr().expect("a port").to_string();
    let (proxied, commands) = (url.replacen(&server, &here, 1), commands.clone());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(forward(client, server.clone(), commands.clone()));
        }
    });
    proxied
}

async fn forward(client: TcpStream, server: String, commands: Commands) {
    let server = TcpStream::connect(server).await.expect("the server");
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
    while let Ok(Some(request)) = Request::read(&mut from_client).await {
        let name = request.name();
        let is_of_library =
            ["hello", "isMaster", "ismaster", "saslStart", "saslContinue"].contains(&name);
        if !is_of_library {
            commands.lock().expect("not poisoned").push(name.to_owned());
        }
        to_server.write_all(&request.bytes).await.expect("the server receives it");
    }
}

#[tokio::test]
async fn a_batch_of_a_thousand_takes_a_few_commands() {
    let commands = Commands::default();
    let url = proxy(&commands).await;
    let prefix = format!("test_{}_", Uuid::new_v4().simple());
    let builder = MongoDbJobStore::builder().url(url).collection_prefix(&prefix);
    let store = builder.response_timeout(std::time::Duration::from_secs(60)).build();
    let store = store.expect("valid options");
    store.start().await.expect("the store starts");
    let count = || std::mem::take(&mut *commands.lock().expect("not poisoned")).len();
    count();
    let jobs: Vec<NewRecord> = (0..1_000).map(|n| job(&n.to_string(), 10)).collect();
    store.add(jobs).await.expect("adding works");
    assert_eq!(count(), 1, "add");
    let claims = claim(&store, at(0)).await.expect("claiming works");
    assert_eq!(claims.len(), 1_000);
    assert_eq!(count(), 2, "claim");
    advance(&store, &claims, at(60)).await.expect("committing works");
    assert_eq!(count(), 2, "commit with history");
    store.renew(&node(), at(0), at(999), &TaskFilter::Any).await.expect("renewing works");
    assert!(count() <= 7, "renew");
    let client = mongodb::Client::with_uri_str(server_url("mongodb")).await.expect("a client");
    for name in ["jobs", "nodes", "history", "format"] {
        let name = format!("{prefix}{name}");
        let collection = client.database("punctual").collection::<mongodb::bson::Document>(&name);
        collection.drop().await.expect("it is dropped");
    }
}
