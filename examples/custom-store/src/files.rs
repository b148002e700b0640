//! Values in files, and how one of them is compared and swapped.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use punctual_core::Encoded;
use punctual_store_kit::cells::{Cell, CellKind, CellValue, Swap};

/// How often a lock that somebody else holds is tried, with a pause in between: for some seconds in all.
const TRIES: u32 = 5_000;
const PAUSE: Duration = Duration::from_millis(1);

/// The value of a cell is the file `KIND/NAME/value`, which is replaced as a whole: readers take no lock.
/// A cell is a folder of its own so that the folder of all cells, which is listed, does not change with a value.
/// A file that is replaced while its folder is listed may not be in the list.
#[derive(Debug)]
pub(crate) struct Files {
    folder: PathBuf,
    durable: bool,
}

impl Files {
    pub(crate) fn new(folder: &Path, durable: bool) -> Self {
        Self { folder: folder.to_owned(), durable }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn locks(&self) -> PathBuf {
        self.folder.join("locks")
    }

    fn cells(&self, kind: CellKind) -> PathBuf {
        self.folder.join(kind.word())
    }

    /// Makes the folders.
    pub(crate) fn create(&self) -> io::Result<()> {
        fs::create_dir_all(self.locks())?;
        for kind in CellKind::ALL {
            fs::create_dir_all(self.cells(kind))?;
        }
        self.sync(&self.folder)
    }

    pub(crate) fn list(&self, kind: CellKind) -> io::Result<Vec<Cell<Vec<u8>>>> {
        let mut cells = Vec::new();
        for entry in fs::read_dir(self.cells(kind))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            // A cell is empty for a moment when it is made or removed, or for good if a process was killed then.
            cells.extend(self.read(kind, &name)?);
        }
        Ok(cells)
    }

    pub(crate) fn read(&self, kind: CellKind, name: &str) -> io::Result<Option<Cell<Vec<u8>>>> {
        match fs::read(self.cells(kind).join(name).join("value")) {
            Ok(bytes) => {
                let mut parts = bytes.splitn(2, |&byte| byte == b'\n');
                let head = parts.next().unwrap_or_default().to_vec();
                let body = Encoded::from(parts.next().unwrap_or_default());
                let value = CellValue { head, body };
                Ok(Some(Cell { name: name.to_owned(), version: bytes, value }))
            }
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
    pub(crate) fn swap(&self, swap: Swap<Vec<u8>>) -> io::Result<bool> {
        let Swap { kind, name, old, new, .. } = swap;
        let _lock = self.lock(&name)?;
        let is_new = old.is_none();
        if self.read(kind, &name)?.map(|cell| cell.version) != old.map(|cell| cell.version) {
            return Ok(false);
        }
        let cells = self.cells(kind);
        let cell = cells.join(name);
        let Some(CellValue { head, body }) = new else {
            fs::remove_file(cell.join("value"))?;
            self.sync(&cell)?;
            // The value is gone; that the cell goes, too, is only tidy.
            fs::remove_dir_all(cell)?;
            return Ok(true);
        };
        fs::create_dir_all(&cell)?;
        let next = cell.join("next");
        File::create(&next)?.write_all(&[&head, &b"\n"[..], body.as_bytes()].concat())?;
        // First the content is on the disk, then the name that leads to it, then somebody is told.
        self.sync(&next)?;
        fs::rename(next, cell.join("value"))?;
        self.sync(&cell)?;
        if is_new {
            self.sync(&cells)?;
        }
        Ok(true)
    }

    /// Locks this cell, and those with the same number, until the file is dropped. Nobody holds two locks, so
    /// nobody waits in a circle. The files stay: if one were removed, somebody could lock it while somebody else
    /// locks the next one of its name.
    #[allow(clippy::disallowed_methods, reason = "the standard library has no lock with a limit")]
    fn lock(&self, name: &str) -> io::Result<File> {
        let number = name.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
        let path = self.locks().join(format!("{number:02x}"));
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
