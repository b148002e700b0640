//! The connections: one writer and several readers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{BatchLimit, StoreCaps, StoreError, StoreErrorKind};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteRow};
use sqlx::{ConnectOptions, Connection, SqlStr, SqliteConnection, Transaction};

use super::error::{is_busy, not_opened, replaced, stale_wal_error, store_error};
use super::file::{OpenFile, identity};
use super::options::{DatabaseLocation, Options, SqliteSynchronous};
use super::{schema, sql};
use crate::batch::{STATEMENT_LIMIT, caps};
use crate::client::{Client, Value, client};
use crate::connection::CancelSafeConnection;
use crate::dialect::Dialect;
use crate::sql::{HistoryStatements, Statements};
use crate::tables::TablePrefix;

/// A batch is one transaction. New jobs are at random places of the indexes, so a page is written once for each batch.
const MAX_BATCH: BatchLimit = BatchLimit { count: 10_000, ..STATEMENT_LIMIT };

/// The number of connections that can read concurrently with the writer.
const READERS: u32 = 4;

/// The maximum number of attempts to switch to WAL mode while other processes use the database.
const WAL_ATTEMPTS: u32 = 100;

/// The size of the WAL, in pages, after which SQLite checkpoints it: 16 MB.
const WAL_AUTOCHECKPOINT_PAGES: &str = "4096";

/// The size in bytes to which SQLite truncates the WAL when it is restarted. A larger WAL is checkpointed when a lease
/// is renewed, so that it can be restarted.
const WAL_SIZE_LIMIT: u64 = 1 << 20;

client!(sqlx::Sqlite, SqliteConnection, SqliteRow, store_error);

/// The connections to a SQLite database.
#[derive(Clone, Debug)]
pub(crate) struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
    tables: TablePrefix,
    /// `None` for databases in memory.
    file: Option<Arc<OpenFile>>,
    /// Whether the connections must be closed by the store.
    owned: bool,
}

impl Sqlite {
    async fn prepare(&self, options: &Options) -> Result<(), StoreError> {
        let mut connection = self.writer.acquire().await.map_err(store_error)?;
        if !options.make_tables {
            return schema::SCHEMA.check(&mut *connection, |sql| self.tables.sql(sql)).await;
        }
        if !matches!(options.location, DatabaseLocation::Memory(_)) {
            use_wal(&mut connection).await.map_err(store_error)?;
        }
        schema::migrate(&mut connection, &self.tables, &schema::SCHEMA).await
    }
}

impl Dialect for Sqlite {
    type Options = Options;
    type Database = sqlx::Sqlite;
    type Connection = SqliteConnection;

    const STATEMENTS: Statements = sql::STATEMENTS;
    const HISTORY: HistoryStatements = sql::HISTORY;

    fn caps(options: &Options) -> StoreCaps {
        match options.location {
            // No other process can connect to it.
            DatabaseLocation::Memory(_) => StoreCaps::memory()
                .with_history()
                .with_max_definition(STATEMENT_LIMIT.bytes)
                .with_max_batch(MAX_BATCH),
            DatabaseLocation::File(_) | DatabaseLocation::Pool(_) => {
                caps().with_max_batch(MAX_BATCH)
            }
        }
    }

    async fn open(options: &Options) -> Result<Self, StoreError> {
        if let DatabaseLocation::Memory(memory) = &options.location {
            memory.keep_alive(connect_options(options)).await?;
        }
        let writer = match &options.location {
            DatabaseLocation::Pool(pool) => pool.clone(),
            DatabaseLocation::File(_) | DatabaseLocation::Memory(_) => pool(options, 1),
        };
        let readers = match &options.location {
            DatabaseLocation::File(_) => pool(options, READERS),
            // A database in memory has no WAL: readers would block the writer.
            DatabaseLocation::Memory(_) | DatabaseLocation::Pool(_) => writer.clone(),
        };
        let owned = !matches!(options.location, DatabaseLocation::Pool(_));
        let path = match &options.location {
            DatabaseLocation::File(path) => path.clone(),
            DatabaseLocation::Memory(_) => PathBuf::new(),
            DatabaseLocation::Pool(pool) => pool.connect_options().get_filename().to_owned(),
        };
        let before = identity(&path).ok().flatten();
        let mut database =
            Self { writer, readers, tables: options.tables.clone(), file: None, owned };
        let prepared = database.prepare(options).await;
        database.file = OpenFile::at(&path).map(Arc::new);
        let is_file = matches!(options.location, DatabaseLocation::File(_));
        let result = prepared.and_then(|()| match &database.file {
            // The file was replaced while it was being opened.
            Some(file) if !file.had_identity(before) => Err(replaced(owned)),
            None if (is_file && cfg!(unix)) || before.is_some() => Err(replaced(owned)),
            _ => Ok(()),
        });
        match result {
            Ok(()) => Ok(database),
            Err(error) => {
                database.close().await;
                let is_unusable =
                    matches!(error.kind(), StoreErrorKind::Unavailable | StoreErrorKind::Invalid);
                Err(if is_file && is_unusable { not_opened(&path, error) } else { error })
            }
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        match &self.file {
            Some(file) if !file.is_current() => Err(replaced(self.owned)),
            _ => Ok(()),
        }
    }

    fn can_reopen(&self) -> bool {
        self.owned
    }

    async fn remove_stale_files(&self) -> Result<(), StoreError> {
        let Some(file) = self.file.as_ref().filter(|file| self.owned && !file.is_current()) else {
            return Ok(());
        };
        // The old file may have been renamed: checkpoint it, so that it contains all commits.
        if let Ok(mut writer) = self.writer.acquire().await {
            // Errors are ignored, because the old file is not used any more.
            let _ = sqlx::raw_sql(sql::CHECKPOINT).execute(&mut *writer).await;
        }
        file.remove_stale_sidecars().map_err(stale_wal_error)
    }

    async fn close(&self) {
        if self.owned {
            // `close` can't return the error.
            let _ = self.remove_stale_files().await;
            self.readers.close().await;
            self.writer.close().await;
        }
    }

    fn sql(&self, statement: &'static str) -> SqlStr {
        self.tables.sql(statement)
    }

    fn error(error: sqlx::Error) -> StoreError {
        store_error(error)
    }

    /// Acquires the write lock when the transaction begins: upgrading a read lock later would fail immediately if
    /// another connection had the write lock or had changed the data.
    async fn write(&self) -> Result<Transaction<'static, sqlx::Sqlite>, StoreError> {
        match self.writer.begin_with(sql::BEGIN).await {
            // After a full disk or the like SQLite has rolled back automatically, but sqlx assumes that the
            // transaction is still open: this connection has to be replaced.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                let lost = self.writer.acquire().await.map_err(store_error)?;
                lost.close().await.map_err(store_error)?;
                self.writer.begin_with(sql::BEGIN).await
            }
            result => result,
        }
        .map_err(store_error)
    }

    async fn read(&self) -> Result<CancelSafeConnection<sqlx::Sqlite>, StoreError> {
        self.readers.acquire().await.map(CancelSafeConnection::local).map_err(store_error)
    }

    async fn snapshot(&self) -> Result<Transaction<'static, sqlx::Sqlite>, StoreError> {
        self.readers.begin().await.map_err(store_error)
    }

    async fn renew_lease(&self, values: &[Value<'_>]) -> Result<Option<SqliteRow>, StoreError> {
        // Uses the writer pool, which is fair. SQLite's own lock is acquired by polling and may starve a waiter.
        let mut transaction = self.write().await?;
        let mut found = transaction.fetch(self.sql(sql::RENEW_LEASE), values).await?;
        transaction.commit().await.map_err(store_error)?;
        self.checkpoint_large_wal().await;
        Ok(found.pop())
    }
}

impl Sqlite {
    /// Checkpoints a WAL larger than [`WAL_SIZE_LIMIT`], so that SQLite truncates it. SQLite itself checkpoints only
    /// after [`WAL_AUTOCHECKPOINT_PAGES`] pages, which may take hours on an idle store.
    async fn checkpoint_large_wal(&self) {
        let Some(file) = self.file.as_ref().filter(|_| self.owned) else { return };
        file.record_sidecar_identities();
        if file.wal_size() > WAL_SIZE_LIMIT
            && let Ok(mut reader) = self.readers.acquire().await
        {
            // Errors such as a full disk are ignored here, because writes report them.
            let _ = sqlx::raw_sql(sql::CHECKPOINT).execute(&mut *reader).await;
        }
    }
}

fn pool(options: &Options, connections: u32) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(connections)
        // Connections to a file don't break: there is no need to test or replace them.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(30))
        .connect_lazy_with(connect_options(options))
}

fn connect_options(options: &Options) -> SqliteConnectOptions {
    let connect = SqliteConnectOptions::new()
        .create_if_missing(options.make_tables)
        .busy_timeout(options.busy_timeout)
        .synchronous(match options.synchronous {
            SqliteSynchronous::Full => sqlx::sqlite::SqliteSynchronous::Full,
            SqliteSynchronous::Normal => sqlx::sqlite::SqliteSynchronous::Normal,
        })
        // The schema has no foreign keys.
        .foreign_keys(false)
        // Every claim and commit writes the same few pages. With 16 MB of WAL instead of 4 MB, fewer page versions
        // are copied to the file.
        .pragma("wal_autocheckpoint", WAL_AUTOCHECKPOINT_PAGES)
        // The WAL is truncated to this size when it is restarted.
        .pragma("journal_size_limit", WAL_SIZE_LIMIT.to_string())
        // In KiB. Pages that are not cached are read again by every claim and commit.
        .pragma("cache_size", "-32768")
        // The rows of a batch pass through this buffer.
        .row_buffer_size(512)
        .disable_statement_logging();
    match &options.location {
        DatabaseLocation::File(path) => connect.filename(path),
        DatabaseLocation::Memory(memory) => connect.filename(memory.name()).vfs("memdb"),
        DatabaseLocation::Pool(_) => connect,
    }
}

/// Switches to WAL mode. This is the only operation for which SQLite ignores the busy timeout. An empty write
/// transaction observes it; afterwards the switch is retried.
async fn use_wal(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    for _ in 1..WAL_ATTEMPTS {
        match sqlx::raw_sql(sql::USE_WAL).execute(&mut *connection).await {
            Err(error) if is_busy(&error) => {
                connection.begin_with(sql::BEGIN).await?.rollback().await?;
            }
            result => return result.map(drop),
        }
    }
    sqlx::raw_sql(sql::USE_WAL).execute(connection).await.map(drop)
}
