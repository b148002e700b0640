//! The tables.

use punctual_core::StoreError;
use sqlx::{Connection, SqliteConnection};

use super::error::store_error;
use super::sql;
use crate::migrate::Schema;
use crate::tables::TablePrefix;

pub(super) const SCHEMA: Schema = Schema {
    create_version: "CREATE TABLE IF NOT EXISTS {p}schema (version INTEGER NOT NULL) STRICT",
    migrations: &[
        "
    CREATE TABLE {p}jobs (
        key           INTEGER PRIMARY KEY,
        id            TEXT NOT NULL UNIQUE,
        task          TEXT NOT NULL,
        revision      INTEGER NOT NULL,
        fence         INTEGER NOT NULL,
        next_run_time INTEGER,                     -- microseconds; none: paused or finished
        due_at        INTEGER,
        claimed       INTEGER NOT NULL DEFAULT 0,  -- there is a claim that was not settled
        claimed_by    TEXT,
        claimed_until INTEGER,
        lost_fence    INTEGER NOT NULL,            -- claims with it, and with smaller ones, can't be settled
        claims        INTEGER NOT NULL DEFAULT 0,
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
        alive_until INTEGER NOT NULL,
        revoked     INTEGER NOT NULL               -- dead, whatever the time is
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE {p}metadata (
        key   TEXT PRIMARY KEY NOT NULL,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- In the order of the ends, so that entries are written, read and forgotten side by side.
    CREATE TABLE {p}history (
        finished       INTEGER NOT NULL,
        run_id         TEXT NOT NULL,
        attempt        INTEGER NOT NULL,
        job_id         TEXT NOT NULL,
        task           TEXT NOT NULL,
        node           TEXT NOT NULL,
        scheduled_time INTEGER NOT NULL,
        started        INTEGER,                    -- none: it never began
        outcome        TEXT NOT NULL,
        error          TEXT,
        PRIMARY KEY (finished, run_id, attempt)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX {p}history_of_job ON {p}history (job_id, finished, run_id, attempt);
",
    ],
};

/// Brings the tables to the newest version, in one transaction that holds the write lock from the
/// beginning.
pub(super) async fn migrate(
    connection: &mut SqliteConnection,
    tables: &TablePrefix,
    schema: &Schema,
) -> Result<(), StoreError> {
    let mut transaction = connection.begin_with(sql::BEGIN).await.map_err(store_error)?;
    schema.migrate(&mut *transaction, |statement| tables.sql(statement)).await?;
    transaction.commit().await.map_err(store_error)
}
