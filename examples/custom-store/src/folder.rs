//! The `KvStore` implementation for a directory.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use punctual_core::{BatchLimit, StoreCaps, StoreError, StoreErrorKind};
use punctual_store_kit::kv::{CompareAndSwap, KvEntry, KvNamespace, KvStore};
use sha2::{Digest, Sha256};

use crate::files::Files;

/// The options of the store.
pub(crate) struct Options {
    pub(crate) folder: PathBuf,
    /// Whether changes have been written to the disk when a call returns.
    pub(crate) durable: bool,
}

/// An open directory.
#[derive(Clone, Debug)]
pub(crate) struct Folder(Arc<Files>);

impl KvStore for Folder {
    type Options = Options;

    /// The whole file. No two jobs have the same content, because the first fence of a job is random.
    type Version = Vec<u8>;

    fn caps(_: &Options) -> StoreCaps {
        // A call with this many entries must complete before a lease expires, also on a slow disk.
        StoreCaps::shared().with_max_batch(BatchLimit { count: 100, bytes: 1 << 20 })
    }

    async fn open(options: &Options) -> Result<Self, StoreError> {
        let folder = Self(Arc::new(Files::new(&options.folder, options.durable)));
        folder.run_blocking(Files::create).await?;
        Ok(folder)
    }

    /// A key can be longer than a file name, and may contain characters that are invalid in one.
    fn storage_key(_: KvNamespace, key: &str) -> String {
        Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    async fn list(&self, namespace: KvNamespace) -> Result<Vec<KvEntry<Vec<u8>>>, StoreError> {
        self.run_blocking(move |files| files.list(namespace)).await
    }

    async fn read(
        &self,
        namespace: KvNamespace,
        keys: Vec<String>,
    ) -> Result<Vec<Option<KvEntry<Vec<u8>>>>, StoreError> {
        let read = move |files: &Files| keys.iter().map(|key| files.read(namespace, key)).collect();
        self.run_blocking(read).await
    }

    async fn swap(&self, swaps: Vec<CompareAndSwap<Vec<u8>>>) -> Result<Vec<bool>, StoreError> {
        let swap = move |files: &Files| swaps.into_iter().map(|swap| files.swap(swap)).collect();
        self.run_blocking(swap).await
    }
}

impl Folder {
    /// Runs file operations on the blocking thread pool.
    async fn run_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Files) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let files = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&files)).await;
        done.unwrap_or_else(|stopped| Err(io::Error::other(stopped))).map_err(|error| {
            let message = format!("can't access the jobs in {}", self.0.folder().display());
            StoreError::new(StoreErrorKind::Unavailable, message).with_source(error)
        })
    }
}
