//! Clients that write a record to a server and read it back.

use punctual::{DynJobStore, StoreError};
use punctual_backends::Options;
use punctual_tests::backend;

/// Writes the record that [`is_written`] reads.
pub(crate) fn write(name: &str, url: &str) {
    with_store(name, url, async |store| store.set_metadata("word", "kept").await)
        .expect("the server takes it");
}

/// Returns whether the record exists.
pub(crate) fn is_written(name: &str, url: &str) -> bool {
    let metadata = with_store(name, url, async |store| store.metadata().await);
    metadata.is_ok_and(|metadata| metadata.values == [("word".to_owned(), "kept".to_owned())])
}

/// Returns whether the server responds.
pub(crate) fn is_there(name: &str, url: &str) -> bool {
    with_store(name, url, async |_| Ok(())).is_ok()
}

/// Calls `work` with a store on the server.
fn with_store<T>(
    name: &str,
    url: &str,
    work: impl AsyncFnOnce(&dyn DynJobStore) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = backend(name).open(url, &Options::new()).unwrap();
        store.start().await?;
        let result = work(&*store).await;
        store.shutdown().await;
        result
    })
}
