//! The builder of the store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use punctual_core::StoreError;
use sqlx::SqlitePool;

use super::SqliteJobStore;
use super::memory::Memory;
use crate::error::invalid;
use crate::tables::TablePrefix;

/// Builder of a [`SqliteJobStore`]; returned by [`SqliteJobStore::builder`].
///
/// ```
/// use std::time::Duration;
/// use punctual_store_sql::{SqliteJobStore, SqliteSynchronous};
///
/// let store = SqliteJobStore::builder()
///     .file("jobs.sqlite")
///     .table_prefix("mailer_")
///     .busy_timeout(Duration::from_secs(2))
///     .synchronous(SqliteSynchronous::Normal)
///     .build()?;
/// # Ok::<(), punctual_core::StoreError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct SqliteJobStoreBuilder {
    location: Option<DatabaseLocation>,
    /// The location is a URL with parameters, which are not supported.
    has_parameters: bool,
    table_prefix: String,
    make_tables: bool,
    busy_timeout: Duration,
    synchronous: SqliteSynchronous,
}

/// When SQLite syncs to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SqliteSynchronous {
    /// At every commit: committed changes survive a power loss. The cost is low, because a commit contains a batch of
    /// fires. The default.
    #[default]
    Full,
    /// At checkpoints only: commits survive a crash of the process, but the most recent ones may be lost after a power
    /// loss; their occurrences then run again.
    Normal,
}

/// The location of the database.
pub(super) enum DatabaseLocation {
    File(PathBuf),
    /// In memory, until the store is dropped.
    Memory(Memory),
    /// A pool provided by the user.
    Pool(SqlitePool),
}

impl fmt::Debug for DatabaseLocation {
    /// Omits the path, which must not appear in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File(_) => "File",
            Self::Memory(_) => "Memory",
            Self::Pool(_) => "Pool",
        })
    }
}

/// The validated options.
#[derive(Debug)]
pub(crate) struct Options {
    pub(super) location: DatabaseLocation,
    pub(super) tables: TablePrefix,
    pub(super) make_tables: bool,
    pub(super) busy_timeout: Duration,
    pub(super) synchronous: SqliteSynchronous,
}

impl SqliteJobStoreBuilder {
    pub(super) fn new() -> Self {
        Self {
            location: None,
            has_parameters: false,
            table_prefix: TablePrefix::default().as_str().into(),
            make_tables: true,
            busy_timeout: Duration::from_secs(5),
            synchronous: SqliteSynchronous::default(),
        }
    }

    /// Stores jobs in this file, which is created if it does not exist (its directory is not). The file must be on a
    /// local disk: SQLite's locks don't work on network file systems.
    ///
    /// A URL is also accepted: `sqlite:jobs.sqlite` and `sqlite://jobs.sqlite` refer to a relative path,
    /// `sqlite:///var/jobs.sqlite` to an absolute one. It is not decoded.
    pub fn file(mut self, path: impl AsRef<Path>) -> Self {
        let location = path.as_ref();
        let path = path_of(location);
        self.has_parameters = path != location && path.to_string_lossy().contains('?');
        self.location = Some(DatabaseLocation::File(path.to_owned()));
        self
    }

    /// Stores jobs in memory until the store and its clones are dropped.
    pub fn in_memory(mut self) -> Self {
        self.location = Some(DatabaseLocation::Memory(Memory::new()));
        self
    }

    /// Uses this pool; the store never closes it. The settings of the pool apply, not
    /// [`busy_timeout`](Self::busy_timeout) and [`synchronous`](Self::synchronous); only the journal mode is set to
    /// WAL, which allows concurrent readers and a writer.
    ///
    /// The store can't reopen the file of the pool: if it is removed or replaced, every call fails with
    /// [`Replaced`](punctual_core::StoreErrorKind::Replaced) until the original file is at the path again. Otherwise
    /// shut down the scheduler, close the pool, and create a store with a new one.
    pub fn pool(mut self, pool: SqlitePool) -> Self {
        self.location = Some(DatabaseLocation::Pool(pool));
        self
    }

    /// The prefix of the names of all tables: an ASCII letter or underscore, followed by letters, digits and
    /// underscores. Stores with different prefixes can share a file. The default is `punctual_`.
    pub fn table_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.table_prefix = prefix.into();
        self
    }

    /// The timeout for a lock of another process, after which calls fail with
    /// [`Unavailable`](punctual_core::StoreErrorKind::Unavailable), in whole milliseconds. The default is 5 seconds.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// When SQLite syncs to the disk.
    pub fn synchronous(mut self, synchronous: SqliteSynchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// Whether `start` creates the tables and migrates older ones; the default is `true`. If `false`, `start` fails
    /// with [`Unsupported`](punctual_core::StoreErrorKind::Unsupported) if the tables are older, and with the error of
    /// the database if the tables or the file don't exist: for programs that only read.
    pub fn make_tables(mut self, make: bool) -> Self {
        self.make_tables = make;
        self
    }

    /// Validates all options. The database is opened when the store is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if no location is set, or if the path, the table prefix or
    /// the timeout is invalid.
    pub fn build(self) -> Result<SqliteJobStore, StoreError> {
        if self.busy_timeout.as_millis() > i32::MAX as u128 {
            return Err(invalid("a busy timeout can't be longer than 24 days"));
        }
        let location = match self.location {
            Some(DatabaseLocation::File(path)) if path.as_os_str().is_empty() => None,
            Some(DatabaseLocation::File(path)) if path == Path::new(":memory:") => {
                return Err(invalid("use in_memory() for a database in memory, not \":memory:\""));
            }
            Some(DatabaseLocation::File(path)) if self.has_parameters => {
                return Err(invalid(format!("a URL of SQLite can't have parameters: {path:?}")));
            }
            location => location,
        };
        let location = location
            .ok_or_else(|| invalid("a SQLite store needs a file, in_memory() or a pool"))?;
        Ok(SqliteJobStore::with(Options {
            location,
            tables: TablePrefix::new(&self.table_prefix)?,
            make_tables: self.make_tables,
            busy_timeout: self.busy_timeout,
            synchronous: self.synchronous,
        }))
    }
}

/// The path in a URL: the text after `sqlite:` or `sqlite://`. Any other text is a path.
fn path_of(location: &Path) -> &Path {
    let path = location.to_str().and_then(|url| url.strip_prefix("sqlite:"));
    path.map_or(location, |path| Path::new(path.strip_prefix("//").unwrap_or(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_paths_are_distinguished() {
        for (location, path) in [
            ("jobs.sqlite", "jobs.sqlite"),
            ("/var/jobs.sqlite", "/var/jobs.sqlite"),
            ("sqlite:jobs.sqlite", "jobs.sqlite"),
            ("sqlite://jobs.sqlite", "jobs.sqlite"),
            ("sqlite:///var/jobs.sqlite", "/var/jobs.sqlite"),
            ("sqlite", "sqlite"),
        ] {
            assert_eq!(path_of(Path::new(location)), Path::new(path));
        }
        for location in ["", "sqlite:", "sqlite://", "sqlite::memory:", "sqlite://:memory:"] {
            assert!(SqliteJobStore::open(location).is_err(), "{location}");
        }
        let url = SqliteJobStore::open("sqlite://jobs.sqlite?mode=rwc").unwrap_err();
        assert!(url.to_string().contains("parameters"), "{url}");
    }
}
