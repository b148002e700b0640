//! The store as users see it.

use std::path::Path;

use punctual_store_kit::cells::CellStore;
use punctual_store_kit::{Handle, job_store};

use crate::folder::{Folder, Options};

/// Keeps jobs in a folder that processes of one machine may share.
///
/// It is an example and has no index: each wake-up and each renewal of a lease reads all jobs, which for a
/// thousand takes some milliseconds. It needs a tokio runtime.
#[derive(Clone)]
pub struct FolderJobStore {
    handle: Handle<CellStore<Folder>>,
}

job_store!(FolderJobStore, CellStore<Folder>);

impl FolderJobStore {
    /// A store in this folder, which is made by the start. What a call has changed is on the disk when it
    /// returns.
    #[must_use]
    pub fn open(folder: impl AsRef<Path>) -> Self {
        Self::new(folder.as_ref(), true)
    }

    /// The same, but a power failure may undo or spoil what was changed last: for tests.
    #[must_use]
    pub fn open_without_sync(folder: impl AsRef<Path>) -> Self {
        Self::new(folder.as_ref(), false)
    }

    fn new(folder: &Path, durable: bool) -> Self {
        Self { handle: Handle::new(Options { folder: folder.to_owned(), durable }) }
    }
}
