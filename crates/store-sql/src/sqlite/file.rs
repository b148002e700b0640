//! The file that is open, and whether its path still names it.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

/// Device and number of a file: the same as long as it exists or is open, whatever becomes of its name.
type Identity = (u64, u64);

/// What SQLite adds to a file's name for its write-ahead log, and for the index of that.
const LOG: &str = "-wal";
const INDEX: &str = "-shm";

/// The file to which connections are open.
pub(super) struct OpenFile {
    /// As the user gave it.
    path: PathBuf,
    /// Without links, as SQLite uses it: its log is beside it.
    real: PathBuf,
    identity: Identity,
    /// Those of the log and its index, as far as they are there.
    companions: Mutex<[Option<Identity>; 2]>,
}

impl fmt::Debug for OpenFile {
    /// Without the path, which is nobody's business in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenFile").finish_non_exhaustive()
    }
}

impl OpenFile {
    /// The file that the path names, once a connection to it is open; none if there is no such file, or where
    /// files can't be told apart.
    pub(super) fn at(path: &Path) -> Option<Self> {
        let identity = identity(path).ok()??;
        let real = path.canonicalize().ok()?;
        let file =
            Self { path: path.to_owned(), real, identity, companions: Mutex::new([None; 2]) };
        file.look_at_companions();
        Some(file)
    }

    /// Whether the path was naming this file when it was looked up before.
    pub(super) fn was(&self, before: Option<Identity>) -> bool {
        before.is_none_or(|before| before == self.identity)
    }

    /// Whether the path still names it. If that can't be found out, nothing is said against it.
    pub(super) fn is_there(&self) -> bool {
        self.is_at(&self.path)
    }

    fn is_at(&self, path: &Path) -> bool {
        match identity(path) {
            Ok(found) => found == Some(self.identity),
            Err(error) => !is_missing(&error),
        }
    }

    /// How many bytes the log has.
    pub(super) fn log_size(&self) -> u64 {
        self.companion(LOG).metadata().map_or(0, |log| log.len())
    }

    /// Takes in which files the log and its index are: SQLite makes others when all connections were closed.
    pub(super) fn look_at_companions(&self) {
        if self.is_at(&self.real) {
            let found = [LOG, INDEX].map(|ending| identity(&self.companion(ending)).ok().flatten());
            *self.companions.lock() = found;
        }
    }

    /// Removes the log of a file that is not there any more, and the index: SQLite goes by names alone, and would
    /// take them for those of the file that is there now, whose contents it would overwrite by it.
    ///
    /// Connections have to be open, so that no other file can have the identity of these.
    pub(super) fn discard_companions(&self) -> io::Result<()> {
        // Where it still has its name, SQLite itself sees to them.
        if self.is_at(&self.real) {
            return Ok(());
        }
        let [log, index] = *self.companions.lock();
        for (ending, expected) in [(INDEX, index), (LOG, log)] {
            let Some(expected) = expected else { continue };
            match discard(&self.companion(ending), expected) {
                Err(error) if !is_missing(&error) => return Err(error),
                _ => {}
            }
        }
        // Once the connections are closed another file may have the identity of these.
        *self.companions.lock() = [None; 2];
        Ok(())
    }

    fn companion(&self, ending: &str) -> PathBuf {
        let mut name = OsString::from(&self.real);
        name.push(ending);
        name.into()
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Removes a file if it is the expected one. Several processes may do so at once, and the first one may have
/// made another of that name by now: each holds the file's lock while it looks and removes.
fn discard(path: &Path, expected: Identity) -> io::Result<()> {
    let held = File::open(path)?;
    held.lock()?;
    match identity(path)? == Some(expected) {
        true => std::fs::remove_file(path),
        false => Ok(()),
    }
}

/// Which file a path names now; none where files can't be told apart. There, SQLite's can't be replaced while
/// they are open.
#[cfg(unix)]
pub(super) fn identity(path: &Path) -> io::Result<Option<Identity>> {
    use std::os::unix::fs::MetadataExt;
    path.metadata().map(|found| Some((found.dev(), found.ino())))
}

#[cfg(not(unix))]
pub(super) fn identity(_path: &Path) -> io::Result<Option<Identity>> {
    Ok(None)
}
