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
        fence         INTEGER NOT NULL,            -- without the open claim
        next_run_time INTEGER,                     -- microseconds; NULL: paused or finished
        due_at        INTEGER,
        lost_fence    INTEGER NOT NULL,            -- claims with this or a smaller fence can't be settled
        claims        INTEGER NOT NULL DEFAULT 0,  -- without the open claim
        fire_count    INTEGER NOT NULL DEFAULT 0,
        finished      INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    -- Includes the task, so that jobs of other tasks are skipped without reading their rows.
    CREATE INDEX {p}jobs_due ON {p}jobs (due_at, task) WHERE due_at IS NOT NULL;
    CREATE INDEX {p}jobs_order ON {p}jobs (next_run_time, id);

    -- Separate from the jobs, so that firing rewrites small rows only: the cost of a commit is its pages.
    CREATE TABLE {p}definitions (
        job        INTEGER PRIMARY KEY,
        definition BLOB NOT NULL
    ) STRICT;

    -- The open claims. Separate from the jobs, so that a claim writes a few adjacent rows only.
    CREATE TABLE {p}claims (
        job    INTEGER PRIMARY KEY,
        fence  INTEGER NOT NULL,                   -- of the job, with this claim
        claims INTEGER NOT NULL,                   -- of the job, with this claim
        node   TEXT NOT NULL,
        until  INTEGER NOT NULL
    ) STRICT;
    -- A claim ends when its job gets its fence or a greater one.
    CREATE TRIGGER {p}claim_ended AFTER UPDATE OF fence ON {p}jobs BEGIN
        DELETE FROM {p}claims WHERE job = new.key AND fence <= new.fence;
    END;
    CREATE TRIGGER {p}jobs_removed AFTER DELETE ON {p}jobs BEGIN
        DELETE FROM {p}definitions WHERE job = old.key;
        DELETE FROM {p}claims WHERE job = old.key;
    END;
    -- The jobs with their claims.
    CREATE VIEW {p}records AS
        SELECT j.key, j.id, j.task, j.revision, coalesce(c.fence, j.fence) AS fence, j.next_run_time, j.due_at,
            c.job IS NOT NULL AS claimed, c.node AS claimed_by, c.until AS claimed_until, j.lost_fence,
            coalesce(c.claims, j.claims) AS claims, j.fire_count, j.finished
        FROM {p}jobs AS j LEFT JOIN {p}claims AS c ON c.job = j.key;

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
        revoked     INTEGER NOT NULL               -- expired, regardless of the time
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE {p}metadata (
        key   TEXT PRIMARY KEY NOT NULL,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- Ordered by finish time, so that inserts, reads and deletions access adjacent rows.
    CREATE TABLE {p}history (
        finished       INTEGER NOT NULL,
        run_id         TEXT NOT NULL,
        attempt        INTEGER NOT NULL,
        job_id         TEXT NOT NULL,
        task           TEXT NOT NULL,
        node           TEXT NOT NULL,
        scheduled_time INTEGER NOT NULL,
        started        INTEGER,                    -- NULL: it was not started
        outcome        TEXT NOT NULL,
        error          TEXT,
        PRIMARY KEY (finished, run_id, attempt)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX {p}history_of_job ON {p}history (job_id, finished, run_id, attempt);
",
    ],
};

/// Migrates the tables to the newest version, in one transaction that acquires the write lock when it begins.
pub(super) async fn migrate(
    connection: &mut SqliteConnection,
    tables: &TablePrefix,
    schema: &Schema,
) -> Result<(), StoreError> {
    let mut transaction = connection.begin_with(sql::BEGIN).await.map_err(store_error)?;
    schema.migrate(&mut *transaction, |statement| tables.sql(statement)).await?;
    transaction.commit().await.map_err(store_error)
}
