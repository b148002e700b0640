//! The connections: one that writes, and a few that read.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{StoreCaps, StoreError};
use sqlx::sqlite::{
    SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, SqlStr, SqliteConnection, Transaction};

use super::error::{is_busy, log_stays, replaced, store_error};
use super::file::{OpenFile, identity};
use super::options::{Options, Place, Synchronous};
use super::{schema, sql};
use crate::batch::{PART, caps};
use crate::client::{Client, Value, client};
use crate::dialect::Dialect;
use crate::lent::Lent;
use crate::sql::{HistoryStatements, Statements};
use crate::tables::TablePrefix;

/// Connections that read while one writes.
const READERS: u32 = 4;

/// How often another process may get in between before WAL mode is given up.
const WAL_ATTEMPTS: u32 = 100;

/// With how many pages the log is taken over into the file: 16 MB.
const LOG_PAGES: &str = "4096";

/// How many bytes of the log are left when it is begun anew, at most; one that is larger is taken over into the
/// file when a lease is renewed, so that it can be.
const LOG_LIMIT: u64 = 1 << 20;

client!(sqlx::Sqlite, SqliteConnection, SqliteRow, store_error);

/// The connections to a SQLite database.
#[derive(Clone, Debug)]
pub(crate) struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
    tables: TablePrefix,
    /// None in memory.
    file: Option<Arc<OpenFile>>,
    /// Whether they are ours to close.
    owned: bool,
}

impl Sqlite {
    async fn prepare(&self, options: &Options) -> Result<(), StoreError> {
        let mut connection = self.writer.acquire().await.map_err(store_error)?;
        if !options.make_tables {
            return schema::SCHEMA.check(&mut *connection, |sql| self.tables.sql(sql)).await;
        }
        if !matches!(options.place, Place::Memory(_)) {
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
        match options.place {
            // Nobody else can connect to it.
            Place::Memory(_) => StoreCaps::memory()
                .with_history()
                .with_max_definition(PART.bytes)
                .with_max_batch(PART),
            Place::File(_) | Place::Pool(_) => caps(),
        }
    }

    async fn open(options: &Options) -> Result<Self, StoreError> {
        if let Place::Memory(memory) = &options.place {
            memory.keep(connect_options(options)).await?;
        }
        let writer = match &options.place {
            Place::Pool(pool) => pool.clone(),
            Place::File(_) | Place::Memory(_) => pool(options, 1),
        };
        let readers = match &options.place {
            Place::File(_) => pool(options, READERS),
            // A database in memory has no WAL: a reader would only be in the writer's way.
            Place::Memory(_) | Place::Pool(_) => writer.clone(),
        };
        let owned = !matches!(options.place, Place::Pool(_));
        let path = match &options.place {
            Place::File(path) => path.clone(),
            Place::Memory(_) => PathBuf::new(),
            Place::Pool(pool) => pool.connect_options().get_filename().to_owned(),
        };
        let before = identity(&path).ok().flatten();
        let mut database =
            Self { writer, readers, tables: options.tables.clone(), file: None, owned };
        let prepared = database.prepare(options).await;
        database.file = OpenFile::at(&path).map(Arc::new);
        let is_file = cfg!(unix) && matches!(options.place, Place::File(_));
        let result = prepared.and_then(|()| match &database.file {
            // While it was being opened.
            Some(file) if !file.was(before) => Err(replaced(owned)),
            None if is_file || before.is_some() => Err(replaced(owned)),
            _ => Ok(()),
        });
        match result {
            Ok(()) => Ok(database),
            Err(error) => {
                database.close().await;
                Err(error)
            }
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        match &self.file {
            Some(file) if !file.is_there() => Err(replaced(self.owned)),
            _ => Ok(()),
        }
    }

    fn can_reopen(&self) -> bool {
        self.owned
    }

    async fn make_way(&self) -> Result<(), StoreError> {
        let Some(file) = self.file.as_ref().filter(|file| self.owned && !file.is_there()) else {
            return Ok(());
        };
        // It may have got another name: so it gets all that was committed.
        if let Ok(mut writer) = self.writer.acquire().await {
            // Whatever hinders that, it is not wanted here any more.
            let _ = sqlx::raw_sql(sql::CHECKPOINT).execute(&mut *writer).await;
        }
        file.discard_companions().map_err(log_stays)
    }

    async fn close(&self) {
        if self.owned {
            // The caller can't do anything about it.
            let _ = self.make_way().await;
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

    /// Has the write lock from its beginning: a later upgrade could find the lock taken and the data
    /// changed, and would fail without waiting.
    async fn write(&self) -> Result<Transaction<'static, sqlx::Sqlite>, StoreError> {
        match self.writer.begin_with(sql::BEGIN).await {
            // A full disk or the like made SQLite roll back by itself, and sqlx believes that the
            // transaction is still there: another connection has to take this one's place.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                let lost = self.writer.acquire().await.map_err(store_error)?;
                lost.close().await.map_err(store_error)?;
                self.writer.begin_with(sql::BEGIN).await
            }
            result => result,
        }
        .map_err(store_error)
    }

    async fn read(&self) -> Result<Lent<sqlx::Sqlite>, StoreError> {
        self.readers.acquire().await.map(Lent::by_machine).map_err(store_error)
    }

    async fn snapshot(&self) -> Result<Transaction<'static, sqlx::Sqlite>, StoreError> {
        self.readers.begin().await.map_err(store_error)
    }

    async fn prolong(&self, values: &[Value<'_>]) -> Result<Option<SqliteRow>, StoreError> {
        // In the queue of the writers: whoever tries by chance may wait for long.
        let mut transaction = self.write().await?;
        let mut found = transaction.fetch(self.sql(sql::PROLONG), values).await?;
        transaction.commit().await.map_err(store_error)?;
        self.trim_log().await;
        Ok(found.pop())
    }
}

impl Sqlite {
    /// Lets the log shrink that has grown meanwhile: by itself SQLite begins it anew only where it has got to
    /// [`LOG_PAGES`], which takes hours where little happens.
    async fn trim_log(&self) {
        let Some(file) = self.file.as_ref().filter(|_| self.owned) else { return };
        file.look_at_companions();
        if file.log_size() > LOG_LIMIT
            && let Ok(mut reader) = self.readers.acquire().await
        {
            // What hinders it, such as a full disk, keeps others from writing too, and they tell of it.
            let _ = sqlx::raw_sql(sql::CHECKPOINT).execute(&mut *reader).await;
        }
    }
}

fn pool(options: &Options, connections: u32) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(connections)
        // A file doesn't go away: there is nothing to test, and nothing to reconnect.
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
            Synchronous::Full => SqliteSynchronous::Full,
            Synchronous::Normal => SqliteSynchronous::Normal,
        })
        // There are none.
        .foreign_keys(false)
        // Every claim and commit writes the same few pages again: the log takes in 16 MB of that, instead
        // of 4, before each page goes into the file once.
        .pragma("wal_autocheckpoint", LOG_PAGES)
        // And is cut to this when it is begun anew.
        .pragma("journal_size_limit", LOG_LIMIT.to_string())
        // In KiB: pages that are not at hand are read once more by every claim and commit.
        .pragma("cache_size", "-32768")
        // A batch's rows come through it.
        .row_buffer_size(512)
        .disable_statement_logging();
    match &options.place {
        Place::File(path) => connect.filename(path),
        Place::Memory(memory) => connect.filename(memory.name()).vfs("memdb"),
        Place::Pool(_) => connect,
    }
}

/// Switching to WAL is the one thing that SQLite doesn't wait for when another process is at work. An
/// empty write does wait; then it is tried again.
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
