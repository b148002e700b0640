//! How a store is made.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use punctual_core::StoreError;
use sqlx::SqlitePool;

use super::SqliteJobStore;
use super::memory::Memory;
use crate::error::invalid;
use crate::tables::TablePrefix;

/// Makes a [`SqliteJobStore`] with options; from [`SqliteJobStore::builder`].
///
/// ```
/// use std::time::Duration;
/// use punctual_store_sql::{SqliteJobStore, Synchronous};
///
/// let store = SqliteJobStore::builder()
///     .file("jobs.sqlite")
///     .table_prefix("mailer_")
///     .busy_timeout(Duration::from_secs(2))
///     .synchronous(Synchronous::Normal)
///     .build()?;
/// # Ok::<(), punctual_core::StoreError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct SqliteJobStoreBuilder {
    place: Option<Place>,
    table_prefix: String,
    make_tables: bool,
    busy_timeout: Duration,
    synchronous: Synchronous,
}

/// When SQLite waits for the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// At every commit: what a scheduler has committed outlives a power loss. A commit is one batch of
    /// fires, not one fire, so this costs less than it does elsewhere. The default.
    #[default]
    Full,
    /// At checkpoints only: commits outlive a crash or a kill of the process, but the last ones before a
    /// power loss may be missing afterwards, and their occurrences then run again.
    Normal,
}

/// Where the jobs are.
pub(super) enum Place {
    File(PathBuf),
    /// In memory, until the store is dropped.
    Memory(Memory),
    /// Wherever the user's own pool is connected to.
    Pool(SqlitePool),
}

impl fmt::Debug for Place {
    /// Without the path, which is nobody's business in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File(_) => "File",
            Self::Memory(_) => "Memory",
            Self::Pool(_) => "Pool",
        })
    }
}

/// What the builder has checked.
#[derive(Debug)]
pub(crate) struct Options {
    pub(super) place: Place,
    pub(super) tables: TablePrefix,
    pub(super) make_tables: bool,
    pub(super) busy_timeout: Duration,
    pub(super) synchronous: Synchronous,
}

impl SqliteJobStoreBuilder {
    pub(super) fn new() -> Self {
        Self {
            place: None,
            table_prefix: TablePrefix::default().as_str().into(),
            make_tables: true,
            busy_timeout: Duration::from_secs(5),
            synchronous: Synchronous::default(),
        }
    }

    /// Keeps jobs in this file, which is made if it isn't there (its folder is not). It must be on a disk
    /// of this machine: SQLite's locks don't work on network file systems.
    pub fn file(mut self, path: impl AsRef<Path>) -> Self {
        self.place = Some(Place::File(path.as_ref().to_owned()));
        self
    }

    /// Keeps jobs in memory until the store and its clones are dropped.
    pub fn in_memory(mut self) -> Self {
        self.place = Some(Place::Memory(Memory::new()));
        self
    }

    /// Keeps jobs where this pool is connected to; the store never closes it. Its own settings hold, not
    /// [`busy_timeout`](Self::busy_timeout) and [`synchronous`](Self::synchronous); only the journal is
    /// set to WAL, which is what lets readers and a writer work side by side.
    ///
    /// The store can't open your pool's file anew: when it is removed or replaced, every call fails with
    /// [`Replaced`](punctual_core::StoreErrorKind::Replaced) until the file is back. Otherwise shut the scheduler
    /// down, close the pool, and make a store with another one.
    pub fn pool(mut self, pool: SqlitePool) -> Self {
        self.place = Some(Place::Pool(pool));
        self
    }

    /// What the names of all tables begin with, `punctual_` if not given: an ASCII letter or underscore,
    /// then letters, digits and underscores. Stores with different prefixes can share a file.
    pub fn table_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.table_prefix = prefix.into();
        self
    }

    /// How long to wait for another process's write before the store is
    /// [`Unavailable`](punctual_core::StoreErrorKind::Unavailable), to the millisecond; 5 seconds if not given.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// When SQLite waits for the disk.
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// Whether a start makes the tables and migrates older ones; yes if not given. If not, it fails with
    /// [`Unsupported`](punctual_core::StoreErrorKind::Unsupported) where they are older, and with what the
    /// database says where there are none, or no file: for programs that only look.
    pub fn make_tables(mut self, make: bool) -> Self {
        self.make_tables = make;
        self
    }

    /// Checks everything; nothing is opened before the store is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) without a place for the jobs, or with a table
    /// prefix or a timeout that can't be.
    pub fn build(self) -> Result<SqliteJobStore, StoreError> {
        if self.busy_timeout.as_millis() > i32::MAX as u128 {
            return Err(invalid("a busy timeout can't be longer than 24 days"));
        }
        let place = match self.place {
            Some(Place::File(path)) if path.as_os_str().is_empty() => None,
            Some(Place::File(path)) if path == Path::new(":memory:") => {
                return Err(invalid("say in_memory() for a database in memory, not \":memory:\""));
            }
            place => place,
        };
        let place =
            place.ok_or_else(|| invalid("a SQLite store needs a file, in_memory() or a pool"))?;
        Ok(SqliteJobStore::with(Options {
            place,
            tables: TablePrefix::new(&self.table_prefix)?,
            make_tables: self.make_tables,
            busy_timeout: self.busy_timeout,
            synchronous: self.synchronous,
        }))
    }
}
