//! The tables, and how older ones become newer ones.

use punctual_core::{StoreError, StoreErrorKind};
use sqlx::{Connection, Row, SqliteConnection};

use super::error::store_error;
use crate::tables::TablePrefix;

/// What each version adds to the one before; version 1 is the first entry. Never edit one that has been
/// released: add another.
pub(super) const MIGRATIONS: &[&str] = &["
    CREATE TABLE {p}jobs (
        key           INTEGER PRIMARY KEY,
        id            TEXT NOT NULL UNIQUE,
        task          TEXT NOT NULL,
        revision      INTEGER NOT NULL,
        fence         INTEGER NOT NULL,
        next_run_time INTEGER,                     -- microseconds; none: paused or finished
        due_at        INTEGER,                     -- while a claim lasts, its end
        fire_count    INTEGER NOT NULL DEFAULT 0,
        finished      INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    -- With the task, so that jobs of unknown tasks are passed over without being read.
    CREATE INDEX {p}jobs_due ON {p}jobs (due_at, task) WHERE due_at IS NOT NULL;
    CREATE INDEX {p}jobs_order ON {p}jobs (next_run_time, id);

    -- Apart from the jobs, so that firing rewrites small rows only: pages are what a commit costs.
    CREATE TABLE {p}definitions (
        job        INTEGER PRIMARY KEY,
        definition BLOB NOT NULL
    ) STRICT;
    CREATE TRIGGER {p}jobs_removed AFTER DELETE ON {p}jobs BEGIN
        DELETE FROM {p}definitions WHERE job = old.key;
    END;

    CREATE TABLE {p}runs (
        job_id         TEXT NOT NULL,
        run_id         TEXT NOT NULL,              -- 32 hexadecimal digits
        scheduled_time INTEGER NOT NULL,
        attempt        INTEGER NOT NULL,
        node           TEXT NOT NULL,
        fence          INTEGER NOT NULL,
        PRIMARY KEY (job_id, run_id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE {p}nodes (
        id          TEXT PRIMARY KEY NOT NULL,
        alive_until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE {p}notes (
        key  TEXT PRIMARY KEY NOT NULL,
        text TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
"];

const CREATE_VERSION: &str = "
    CREATE TABLE IF NOT EXISTS {p}schema (version INTEGER NOT NULL) STRICT";
const READ_VERSION: &str = "SELECT version FROM {p}schema";
const FORGET_VERSION: &str = "DELETE FROM {p}schema";
const WRITE_VERSION: &str = "INSERT INTO {p}schema (version) VALUES (?1)";

/// Brings the tables to the newest version, in one transaction that holds the write lock from the
/// beginning: of several processes that start at once, one does it and the others find it done.
pub(super) async fn migrate(
    connection: &mut SqliteConnection,
    tables: &TablePrefix,
    migrations: &[&'static str],
) -> Result<(), StoreError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
    run(&mut transaction, CREATE_VERSION, tables).await?;
    let version = sqlx::query(tables.sql(READ_VERSION))
        .fetch_optional(&mut *transaction)
        .await
        .and_then(|row| row.map_or(Ok(0), |row| row.try_get::<i64, _>(0)))
        .map_err(store_error)?;
    let newest = migrations.len();
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    let Some(missing) = migrations.get(done..) else {
        return Err(StoreError::new(
            StoreErrorKind::Unsupported,
            format!(
                "the job tables are of version {version}, and this build knows versions up to \
                 {newest}: use a newer build"
            ),
        ));
    };
    if missing.is_empty() {
        return Ok(());
    }
    for migration in missing {
        run(&mut transaction, migration, tables).await?;
    }
    run(&mut transaction, FORGET_VERSION, tables).await?;
    sqlx::query(tables.sql(WRITE_VERSION))
        .bind(newest as i64)
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
    transaction.commit().await.map_err(store_error)
}

async fn run(
    connection: &mut SqliteConnection,
    statements: &'static str,
    tables: &TablePrefix,
) -> Result<(), StoreError> {
    let done = sqlx::raw_sql(tables.sql(statements)).execute(connection).await;
    done.map(drop).map_err(store_error)
}
