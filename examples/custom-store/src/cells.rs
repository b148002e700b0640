//! Values that are changed by compare-and-swap: elsewhere a backend's client, here a folder of files.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{StoreError, StoreErrorKind};
use sha2::{Digest, Sha256};

/// How often a lock that somebody else holds is tried, with a pause in between: for some seconds in all.
const TRIES: u32 = 5_000;
const PAUSE: Duration = Duration::from_millis(1);

/// The name of a cell, from a text of any length and with any characters.
pub(crate) fn name_of(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Values by their names.
#[derive(Clone, Debug)]
pub(crate) struct Cells(Arc<Files>);

impl Cells {
    pub(crate) fn new(folder: &Path, kind: &str, durable: bool) -> Self {
        let (cells, locks) = (folder.join(kind), folder.join("locks"));
        Self(Arc::new(Files { cells, locks, durable }))
    }

    /// Makes the folders.
    pub(crate) async fn create(&self) -> Result<(), StoreError> {
        self.wait_for(|files| {
            fs::create_dir_all(&files.cells)?;
            fs::create_dir_all(&files.locks)
        })
        .await
    }

    /// All values with their names, read one after the other.
    pub(crate) async fn all(&self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.wait_for(Files::all).await
    }

    /// The value of that name, if there is one.
    pub(crate) async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let name = name.to_owned();
        self.wait_for(move |files| files.read(&name)).await
    }

    /// Loads a value, applies a change and swaps: once more if somebody else was quicker.
    pub(crate) async fn change<T>(
        &self,
        name: &str,
        mut apply: impl FnMut(Option<&[u8]>) -> (Option<Vec<u8>>, T),
    ) -> Result<T, StoreError> {
        loop {
            let old = self.read(name).await?;
            let (new, result) = apply(old.as_deref());
            if new == old || self.swap(name, old, new).await? {
                return Ok(result);
            }
        }
    }

    /// Replaces a value if it is still the old one; whether it was.
    async fn swap(
        &self,
        name: &str,
        old: Option<Vec<u8>>,
        new: Option<Vec<u8>>,
    ) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.wait_for(move |files| files.swap(&name, old.as_deref(), new.as_deref())).await
    }

    /// Lets a thread that may wait for the disk do it.
    async fn wait_for<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Files) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let files = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&files)).await;
        done.unwrap_or_else(|stopped| Err(io::Error::other(stopped))).map_err(|error| {
            let message = format!("the jobs in {} can't be used", self.0.cells.display());
            StoreError::new(StoreErrorKind::Unavailable, message).with_source(error)
        })
    }
}

/// The files. The value of a cell is the file `NAME/value`, which is replaced as a whole: readers take no lock.
/// A cell is a folder of its own so that the folder of all cells, which is listed, does not change with a value.
/// A file that is replaced while its folder is listed may not be in the list.
#[derive(Debug)]
struct Files {
    cells: PathBuf,
    locks: PathBuf,
    durable: bool,
}

impl Files {
    fn all(&self) -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.cells)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            // A cell is empty for a moment when it is made or removed, or for good if a process was killed then.
            if let Some(value) = self.read(&name)? {
                all.push((name, value));
            }
        }
        Ok(all)
    }

    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.cells.join(name).join("value")) {
            Ok(value) => Ok(Some(value)),
            // The latter is a file that somebody else has put there.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// A process that is killed in here has replaced the value or has not. The kernel frees its lock, and
    /// whatever else it leaves is overwritten by the next one.
    fn swap(&self, name: &str, old: Option<&[u8]>, new: Option<&[u8]>) -> io::Result<bool> {
        let _lock = self.lock(name)?;
        if self.read(name)?.as_deref() != old {
            return Ok(false);
        }
        let cell = self.cells.join(name);
        let Some(new) = new else {
            fs::remove_file(cell.join("value"))?;
            self.sync(&cell)?;
            // The value is gone; that the cell goes, too, is only tidy.
            fs::remove_dir_all(cell)?;
            return Ok(true);
        };
        fs::create_dir_all(&cell)?;
        let next = cell.join("next");
        File::create(&next)?.write_all(new)?;
        // First the content is on the disk, then the name that leads to it, then somebody is told.
        self.sync(&next)?;
        fs::rename(next, cell.join("value"))?;
        self.sync(&cell)?;
        if old.is_none() {
            self.sync(&self.cells)?;
        }
        Ok(true)
    }

    /// Locks this cell, and some others with it, until the file is dropped. Nobody holds two locks, so nobody
    /// waits in a circle. The files stay: if one were removed, somebody could lock it while somebody else locks
    /// the next one of its name.
    #[allow(clippy::disallowed_methods, reason = "the standard library has no lock with a limit")]
    fn lock(&self, name: &str) -> io::Result<File> {
        let path = self.locks.join(&name[name.len() - 2..]);
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::Error::new(ErrorKind::TimedOut, "somebody else holds a lock for too long"))
    }

    /// Returns when the file or folder is on the disk.
    fn sync(&self, path: &Path) -> io::Result<()> {
        if self.durable { File::open(path)?.sync_all() } else { Ok(()) }
    }
}
