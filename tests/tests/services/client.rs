//! Clients that write a record to a server and read it back.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use punctual::{DynJobStore, StoreError};
use punctual_backends::{Backend, Options};

/// Writes the record that [`is_written`] reads.
pub(crate) fn write(name: &str, url: &str) {
    match Backend::by_id(name) {
        Some(backend) => {
            with_store(backend, url, async |store| store.set_metadata("word", "kept").await)
                .expect("the server takes it")
        }
        None => assert_eq!(redis(url, "SET word kept").as_deref(), Some("+OK")),
    }
}

/// Returns whether the record exists.
pub(crate) fn is_written(name: &str, url: &str) -> bool {
    let Some(backend) = Backend::by_id(name) else {
        return redis(url, "STRLEN word").as_deref() == Some(":4");
    };
    let metadata = with_store(backend, url, async |store| store.metadata().await);
    metadata.is_ok_and(|metadata| metadata.values == [("word".to_owned(), "kept".to_owned())])
}

/// Returns whether the server responds.
pub(crate) fn is_there(name: &str, url: &str) -> bool {
    match Backend::by_id(name) {
        Some(backend) => with_store(backend, url, async |_| Ok(())).is_ok(),
        None => redis(url, "PING").as_deref() == Some("+PONG"),
    }
}

/// Calls `work` with a store on the server.
fn with_store<T>(
    backend: &Backend,
    url: &str,
    work: impl AsyncFnOnce(&dyn DynJobStore) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = backend.open(url, &Options::new()).unwrap();
        store.start().await?;
        let result = work(&*store).await;
        store.shutdown().await;
        result
    })
}

/// Sends a command to Redis, which has no backend; returns the first line of the response.
fn redis(url: &str, command: &str) -> Option<String> {
    let address = url.strip_prefix("redis://")?.trim_end_matches('/');
    let mut connection = TcpStream::connect(address).ok()?;
    connection.write_all(format!("{command}\r\n").as_bytes()).ok()?;
    BufReader::new(connection).lines().next()?.ok()
}
