//! The open file, and the check whether its path still refers to it.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

/// Device and inode of a file: unique while the file exists or is open, regardless of its name.
type Identity = (u64, u64);

/// The suffixes of the write-ahead log and of its index (shared memory).
const WAL: &str = "-wal";
const INDEX: &str = "-shm";

/// The file that is open in the connections.
pub(super) struct OpenFile {
    /// The path given by the user.
    path: PathBuf,
    /// The path with symbolic links resolved: SQLite creates the WAL beside it.
    real: PathBuf,
    identity: Identity,
    /// The identities of the WAL and its index, if they exist.
    sidecar_files: Mutex<[Option<Identity>; 2]>,
}

impl fmt::Debug for OpenFile {
    /// Omits the path, which must not appear in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenFile").finish_non_exhaustive()
    }
}

impl OpenFile {
    /// Returns the file at the path, to which a connection must be open. Returns `None` if the file does not exist, or
    /// if the platform provides no file identities.
    pub(super) fn at(path: &Path) -> Option<Self> {
        let identity = identity(path).ok()??;
        let real = path.canonicalize().ok()?;
        let file =
            Self { path: path.to_owned(), real, identity, sidecar_files: Mutex::new([None; 2]) };
        file.record_sidecar_identities();
        Some(file)
    }

    /// Whether the path had this identity at an earlier lookup.
    pub(super) fn had_identity(&self, before: Option<Identity>) -> bool {
        before.is_none_or(|before| before == self.identity)
    }

    /// Whether the path still refers to the open file. If the check itself fails, the file counts as unchanged.
    pub(super) fn is_current(&self) -> bool {
        self.is_at(&self.path)
    }

    fn is_at(&self, path: &Path) -> bool {
        match identity(path) {
            Ok(found) => found == Some(self.identity),
            Err(error) => !is_missing(&error),
        }
    }

    /// The size of the WAL in bytes.
    pub(super) fn wal_size(&self) -> u64 {
        self.sidecar(WAL).metadata().map_or(0, |wal| wal.len())
    }

    /// Records the identities of the WAL and its index: SQLite recreates them after all connections were closed.
    pub(super) fn record_sidecar_identities(&self) {
        if self.is_at(&self.real) {
            let found = [WAL, INDEX].map(|ending| identity(&self.sidecar(ending)).ok().flatten());
            *self.sidecar_files.lock() = found;
        }
    }

    /// Removes the WAL and its index of a file that was removed or replaced. SQLite matches them by name only and would
    /// apply the old WAL to the new database.
    ///
    /// Connections must be open, so that no other file can have the same identity.
    pub(super) fn remove_stale_sidecars(&self) -> io::Result<()> {
        // If the file still has its name, SQLite itself removes them.
        if self.is_at(&self.real) {
            return Ok(());
        }
        let [wal, index] = *self.sidecar_files.lock();
        for (ending, expected) in [(INDEX, index), (WAL, wal)] {
            let Some(expected) = expected else { continue };
            match discard(&self.sidecar(ending), expected) {
                Err(error) if !is_missing(&error) => return Err(error),
                _ => {}
            }
        }
        // After the connections are closed, another file may get the same identity.
        *self.sidecar_files.lock() = [None; 2];
        Ok(())
    }

    fn sidecar(&self, ending: &str) -> PathBuf {
        let mut name = OsString::from(&self.real);
        name.push(ending);
        name.into()
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Removes a file if it has the expected identity. Another process may remove it concurrently and create a new file of
/// the same name; therefore the file is locked during the check and the removal.
fn discard(path: &Path, expected: Identity) -> io::Result<()> {
    let held = File::open(path)?;
    held.lock()?;
    match identity(path)? == Some(expected) {
        true => std::fs::remove_file(path),
        false => Ok(()),
    }
}

/// The identity of the file at a path; `None` if the platform provides none. On such platforms the files of SQLite
/// can't be replaced while they are open.
#[cfg(unix)]
pub(super) fn identity(path: &Path) -> io::Result<Option<Identity>> {
    use std::os::unix::fs::MetadataExt;
    path.metadata().map(|found| Some((found.dev(), found.ino())))
}

#[cfg(not(unix))]
pub(super) fn identity(_path: &Path) -> io::Result<Option<Identity>> {
    Ok(None)
}
