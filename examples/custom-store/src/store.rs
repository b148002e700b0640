//! The public store type.

use std::path::Path;

use punctual_store_kit::kv::KvBackend;
use punctual_store_kit::{BackendHandle, job_store};

use crate::folder::{Folder, Options};

/// A job store in a directory that processes of one machine can share.
///
/// It is an example without an index: each wake-up and each renewal of a lease reads all jobs, which takes some
/// milliseconds for a thousand jobs. It requires a tokio runtime.
#[derive(Clone)]
pub struct FolderJobStore {
    handle: BackendHandle<KvBackend<Folder>>,
}

job_store!(FolderJobStore, KvBackend<Folder>);

impl FolderJobStore {
    /// Creates a store in this directory, which is created by `start`. Changes have been written to the disk when a
    /// call returns.
    #[must_use]
    pub fn open(folder: impl AsRef<Path>) -> Self {
        Self::new(folder.as_ref(), true)
    }

    /// Like [`open`](Self::open), but a power failure may undo or corrupt the most recent changes: for tests.
    #[must_use]
    pub fn open_without_sync(folder: impl AsRef<Path>) -> Self {
        Self::new(folder.as_ref(), false)
    }

    fn new(folder: &Path, durable: bool) -> Self {
        Self { handle: BackendHandle::new(Options { folder: folder.to_owned(), durable }) }
    }
}
