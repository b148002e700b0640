//! The tables.
//!
//! Names and texts are bytes: so they are compared and sorted as such, whatever collations the server has,
//! and no space at the end of an id is lost. A name has at most 191 characters of 4 bytes, a key in an
//! index at most 3072 bytes.

use punctual_core::{StoreError, StoreErrorKind};
use sqlx::MySqlConnection;

use super::sql;
use crate::client::Value::{Int, Text};
use crate::client::{Client, Columns};
use crate::migrate::Schema;
use crate::tables::TablePrefix;

/// Each statement commits by itself, so that a migration may be cut off in the middle: all of it must bear
/// being done again.
pub(super) const SCHEMA: Schema = Schema {
    // A key, because there are servers that take no table without.
    create_version: "
        CREATE TABLE IF NOT EXISTS {p}schema (version BIGINT NOT NULL PRIMARY KEY) ENGINE = InnoDB",
    migrations: &[
        "
        CREATE TABLE IF NOT EXISTS {p}jobs (
            `key`         BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
            id            VARBINARY(764) NOT NULL UNIQUE,
            task          VARBINARY(764) NOT NULL,
            revision      BIGINT NOT NULL,
            fence         BIGINT NOT NULL,
            lost_fence    BIGINT NOT NULL,             -- claims with it, and with smaller ones, can't be settled
            next_run_time BIGINT,                      -- microseconds; none: paused or finished
            due_at        BIGINT,
            claimed       BOOLEAN NOT NULL DEFAULT FALSE, -- there is a claim that was not settled
            claimed_by    VARBINARY(764),              -- it, or the last one, which stays: a row is changed in its
            claimed_until BIGINT,                      -- place as long as it keeps its size
            claims        BIGINT NOT NULL DEFAULT 0,
            fire_count    BIGINT NOT NULL DEFAULT 0,
            finished      BOOLEAN NOT NULL DEFAULT FALSE,
            -- Beside the rest: of a row that is changed only what has changed is written.
            definition    LONGBLOB NOT NULL,
            -- With the task, so that jobs of unknown tasks are passed over without being read.
            KEY due (due_at, task),
            KEY listed (next_run_time, id)
        ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

        CREATE TABLE IF NOT EXISTS {p}runs (
            job_id         VARBINARY(764) NOT NULL,
            run_id         BINARY(32) NOT NULL,        -- 32 hexadecimal digits
            scheduled_time BIGINT NOT NULL,
            attempt        BIGINT NOT NULL,
            node           VARBINARY(764) NOT NULL,
            fence          BIGINT NOT NULL,
            PRIMARY KEY (job_id, run_id)
        ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

        CREATE TABLE IF NOT EXISTS {p}nodes (
            id          VARBINARY(764) NOT NULL PRIMARY KEY,
            alive_until BIGINT NOT NULL,
            revoked     BOOLEAN NOT NULL               -- dead, whatever the time is
        ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

        CREATE TABLE IF NOT EXISTS {p}metadata (
            `key` VARBINARY(255) NOT NULL PRIMARY KEY,
            value LONGBLOB NOT NULL
        ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

        -- In the order of the ends, so that entries are written, read and forgotten side by side.
        CREATE TABLE IF NOT EXISTS {p}history (
            finished       BIGINT NOT NULL,
            run_id         BINARY(32) NOT NULL,
            attempt        BIGINT NOT NULL,
            job_id         VARBINARY(764) NOT NULL,
            task           VARBINARY(764) NOT NULL,
            node           VARBINARY(764) NOT NULL,
            scheduled_time BIGINT NOT NULL,
            started        BIGINT,                     -- none: it never began
            outcome        VARBINARY(64) NOT NULL,
            error          BLOB,
            PRIMARY KEY (finished, run_id, attempt),
            KEY of_job (job_id, finished, run_id, attempt)
        ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
        ",
    ],
};

/// How long to wait for another process that makes or migrates the tables, in seconds.
const PATIENCE: i64 = 60;

/// Brings the tables to the newest version, unless they are, or are too new: then neither privileges nor locks are
/// needed.
pub(super) async fn migrate(
    connection: &mut MySqlConnection,
    tables: &TablePrefix,
    schema: &Schema,
) -> Result<(), StoreError> {
    let sql = |statement| tables.sql(statement);
    match schema.is_current(connection, sql).await {
        Ok(true) => return Ok(()),
        Err(error) if error.kind() == StoreErrorKind::Unsupported => return Err(error),
        Ok(false) | Err(_) => {}
    }
    let prefix = tables.fill("{p}");
    let lock = [Text(&prefix), Int(PATIENCE)];
    let rows = connection.fetch(sql(sql::LOCK), &lock).await?;
    if rows.first().map_or(Ok(None), |row| row.maybe_int(0))? != Some(1) {
        return Err(StoreError::new(
            StoreErrorKind::Unavailable,
            "another process has been making the job tables for too long",
        ));
    }
    schema.migrate(connection, sql).await?;
    connection.execute(sql(sql::UNLOCK), &lock).await.map(drop)
}
