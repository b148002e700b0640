//! The number of queries of a call, whatever is stored.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use punctual_core::{JobStore, NewRecord, Schedule};
use punctual_testkit::calls::{advance, at, claim, filter, job, node};
use punctual_testkit::server_url;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

use super::database::Database;

/// Starts a proxy that counts queries, and requests for further parts of results. Returns its URL.
async fn proxy(queries: &Arc<AtomicUsize>) -> String {
    let url = server_url("rethinkdb");
    let (_, rest) = url.split_once("://").expect("a URL");
    let server = rest.split('/').next().and_then(|authority| authority.rsplit('@').next());
    let server = server.expect("a server").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let here = listener.local_addr().expect("a port").to_string();
    let (proxied, queries) = (url.replacen(&server, &here, 1), queries.clone());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(forward(client, server.clone(), queries.clone()));
        }
    });
    proxied
}

async fn forward(client: TcpStream, server: String, queries: Arc<AtomicUsize>) -> Option<()> {
    let server = TcpStream::connect(server).await.expect("the server");
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
    // The version, and two messages of the login.
    to_server.write_u32(from_client.read_u32().await.ok()?).await.ok()?;
    for _ in 0..2 {
        let mut byte = 1;
        while byte != 0 {
            byte = from_client.read_u8().await.ok()?;
            to_server.write_u8(byte).await.ok()?;
        }
    }
    loop {
        let (query, length) =
            (from_client.read_u64_le().await.ok()?, from_client.read_u32_le().await.ok()?);
        queries.fetch_add(1, Ordering::Relaxed);
        to_server.write_u64_le(query).await.ok()?;
        to_server.write_u32_le(length).await.ok()?;
        copy(&mut (&mut from_client).take(length.into()), &mut to_server).await.ok()?;
    }
}

#[tokio::test]
async fn claims_and_commits_take_the_same_number_of_queries_whatever_is_stored() {
    let queries = Arc::<AtomicUsize>::default();
    let database = Database::at(proxy(&queries).await);
    let store = database.started().await;
    let count = || queries.swap(0, Ordering::Relaxed);
    count();
    for stored in [0, 3_000] {
        let later = |number: usize| NewRecord {
            schedule: Some(Schedule::at(at(100_000))),
            ..job(&format!("later-{number}"), 100)
        };
        store.add((0..stored).map(later).collect()).await.unwrap();
        count();
        let jobs: Vec<_> = (0..999).map(|number| job(&format!("{stored}-{number}"), 100)).collect();
        store.add(jobs).await.unwrap();
        assert_eq!(count(), 1, "add");
        let claims = claim(&store, at(1)).await.unwrap();
        assert_eq!((claims.len(), count()), (999, 2), "claim: finds, changes");
        advance(&store, &claims, at(90)).await.unwrap();
        assert_eq!(
            count(),
            2,
            "commit: changes, and inserts entries of the history at the same time"
        );
        store.next_wakeup(&filter()).await.unwrap();
        assert_eq!(count(), 1, "the next due time");
        store.renew(&node(), at(0), at(999), &filter()).await.unwrap();
        assert!(count() <= 5, "renew");
    }
}
