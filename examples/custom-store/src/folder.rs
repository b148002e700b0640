//! The medium: what the store kit asks of a folder.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use punctual_core::{BatchLimit, StoreCaps, StoreError, StoreErrorKind};
use punctual_store_kit::cells::{Cell, CellKind, Medium, Swap};
use sha2::{Digest, Sha256};

use crate::files::Files;

/// What the store was opened with.
pub(crate) struct Options {
    pub(crate) folder: PathBuf,
    /// Whether what was changed is on the disk when a call returns.
    pub(crate) durable: bool,
}

/// A folder that is in use.
#[derive(Clone, Debug)]
pub(crate) struct Folder(Arc<Files>);

impl Medium for Folder {
    type Options = Options;

    /// The whole file as it was. Nobody else's job has the same content, since its first fence is random.
    type Version = Vec<u8>;

    fn caps(_: &Options) -> StoreCaps {
        // No more in one call than it carries out while a lease lasts, on a slow disk too.
        StoreCaps::shared().with_max_batch(BatchLimit { count: 100, bytes: 1 << 20 })
    }

    async fn open(options: &Options) -> Result<Self, StoreError> {
        let folder = Self(Arc::new(Files::new(&options.folder, options.durable)));
        folder.wait_for(Files::create).await?;
        Ok(folder)
    }

    /// A key can be longer than the name of a file, and have any characters.
    fn name_of(_: CellKind, key: &str) -> String {
        Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    async fn list(&self, kind: CellKind) -> Result<Vec<Cell<Vec<u8>>>, StoreError> {
        self.wait_for(move |files| files.list(kind)).await
    }

    async fn read(
        &self,
        kind: CellKind,
        names: Vec<String>,
    ) -> Result<Vec<Option<Cell<Vec<u8>>>>, StoreError> {
        let read = move |files: &Files| names.iter().map(|name| files.read(kind, name)).collect();
        self.wait_for(read).await
    }

    async fn swap(&self, swaps: Vec<Swap<Vec<u8>>>) -> Result<Vec<bool>, StoreError> {
        self.wait_for(move |files| swaps.into_iter().map(|swap| files.swap(swap)).collect()).await
    }
}

impl Folder {
    /// Lets a thread that may wait for the disk do it.
    async fn wait_for<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Files) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let files = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&files)).await;
        done.unwrap_or_else(|stopped| Err(io::Error::other(stopped))).map_err(|error| {
            let message = format!("the jobs in {} can't be used", self.0.folder().display());
            StoreError::new(StoreErrorKind::Unavailable, message).with_source(error)
        })
    }
}
