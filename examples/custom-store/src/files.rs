//! Values in files, with compare-and-swap.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use punctual_core::Encoded;
use punctual_store_kit::kv::{CompareAndSwap, KvEntry, KvNamespace, KvValue};

/// The maximum number of attempts to acquire a lock, with a delay in between: five seconds or more in total.
const LOCK_ATTEMPTS: u32 = 5_000;
const LOCK_RETRY_DELAY: Duration = Duration::from_millis(1);

/// The value of an entry is the file `NAMESPACE/KEY/value`, which is replaced atomically: readers take no lock.
/// Each entry has its own directory, so that the parent directory, which is listed, does not change with a value:
/// a file that is replaced during the listing of its directory may be omitted.
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

    fn entries(&self, namespace: KvNamespace) -> PathBuf {
        self.folder.join(namespace.as_str())
    }

    /// Creates the directories.
    pub(crate) fn create(&self) -> io::Result<()> {
        fs::create_dir_all(self.locks())?;
        for namespace in KvNamespace::ALL {
            fs::create_dir_all(self.entries(namespace))?;
        }
        self.sync(&self.folder)
    }

    pub(crate) fn list(&self, namespace: KvNamespace) -> io::Result<Vec<KvEntry<Vec<u8>>>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(self.entries(namespace))? {
            let key = entry?.file_name().to_string_lossy().into_owned();
            // A directory has no value while an entry is created or removed, or permanently if the process was killed
            // meanwhile.
            entries.extend(self.read(namespace, &key)?);
        }
        Ok(entries)
    }

    pub(crate) fn read(
        &self,
        namespace: KvNamespace,
        storage_key: &str,
    ) -> io::Result<Option<KvEntry<Vec<u8>>>> {
        match fs::read(self.entries(namespace).join(storage_key).join("value")) {
            Ok(bytes) => {
                let mut parts = bytes.splitn(2, |&byte| byte == b'\n');
                let header = parts.next().unwrap_or_default().to_vec();
                let body = Encoded::from(parts.next().unwrap_or_default());
                let value = KvValue { header, body };
                Ok(Some(KvEntry { storage_key: storage_key.to_owned(), version: bytes, value }))
            }
            // `NotADirectory`: a file that does not belong to the store.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// If the process is killed in this function, the value has either been replaced or not. The kernel releases the
    /// lock, and leftover files are overwritten by the next call.
    pub(crate) fn swap(&self, swap: CompareAndSwap<Vec<u8>>) -> io::Result<bool> {
        let CompareAndSwap { namespace, storage_key, expected, new, .. } = swap;
        let _lock = self.lock(&storage_key)?;
        let is_new = expected.is_none();
        let current = self.read(namespace, &storage_key)?.map(|entry| entry.version);
        if current != expected.map(|entry| entry.version) {
            return Ok(false);
        }
        let entries = self.entries(namespace);
        let entry = entries.join(storage_key);
        let Some(KvValue { header, body }) = new else {
            fs::remove_file(entry.join("value"))?;
            self.sync(&entry)?;
            // The entry has been removed with its value; the directory is only cleaned up.
            fs::remove_dir_all(entry)?;
            return Ok(true);
        };
        fs::create_dir_all(&entry)?;
        let next = entry.join("next");
        File::create(&next)?.write_all(&[&header, &b"\n"[..], body.as_bytes()].concat())?;
        // The content is synced first, then the rename, then the call returns.
        self.sync(&next)?;
        fs::rename(next, entry.join("value"))?;
        self.sync(&entry)?;
        if is_new {
            self.sync(&entries)?;
        }
        Ok(true)
    }

    /// Locks this entry, and those with the same lock number, until the file is dropped. No thread holds two locks, so
    /// deadlocks are impossible. Lock files are never removed: otherwise two processes could hold locks on different
    /// files of the same name.
    #[allow(clippy::disallowed_methods, reason = "the standard library has no lock with a timeout")]
    fn lock(&self, storage_key: &str) -> io::Result<File> {
        let number =
            storage_key.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
        let path = self.locks().join(format!("{number:02x}"));
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        for _ in 0..LOCK_ATTEMPTS {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_RETRY_DELAY),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::Error::new(ErrorKind::TimedOut, "timeout while waiting for a file lock"))
    }

    /// Returns when the file or directory has been written to the disk.
    fn sync(&self, path: &Path) -> io::Result<()> {
        if self.durable { File::open(path)?.sync_all() } else { Ok(()) }
    }
}
