//! The tables.
//!
//! Names and texts are stored as bytes, so that they are compared and sorted by bytes regardless of the server's
//! collations, and trailing spaces of ids are kept. A name has at most 191 characters of 4 bytes, a key in an index at
//! most 3072 bytes.

use punctual_core::{StoreError, StoreErrorKind};
use sqlx::MySqlConnection;

use super::sql;
use crate::client::Value::{Int, Text};
use crate::client::{Client, SqlRow};
use crate::migrate::Schema;
use crate::tables::TablePrefix;

/// Each statement commits implicitly, so a migration may be interrupted midway: all of its statements must be
/// idempotent.
pub(super) const SCHEMA: Schema = Schema {
    // With a primary key, because servers can be configured to reject tables without one.
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
            lost_fence    BIGINT NOT NULL,             -- claims with this or a smaller fence can't be settled
            next_run_time BIGINT,                      -- microseconds; NULL: paused or finished
            due_at        BIGINT,
            claimed       BOOLEAN NOT NULL DEFAULT FALSE, -- there is a claim that has not been settled
            -- Of the current or the last claim; undefined before the first. A row is updated in place as long as its
            -- size does not change. Otherwise it is written again as a whole, and pages are split: twice the redo log
            -- per fire. Thus the columns are never NULL, and have the length of a generated node id from the start.
            claimed_by    VARBINARY(764) NOT NULL DEFAULT (REPEAT('0', 32)),
            claimed_until BIGINT NOT NULL DEFAULT 0,
            claims        BIGINT NOT NULL DEFAULT 0,
            fire_count    BIGINT NOT NULL DEFAULT 0,
            finished      BOOLEAN NOT NULL DEFAULT FALSE,
            -- In the same table: an update of other columns does not rewrite it.
            definition    LONGBLOB NOT NULL,
            -- Includes the task, so that jobs of other tasks are skipped without reading their rows.
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
            revoked     BOOLEAN NOT NULL               -- expired, regardless of the time
        ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

        CREATE TABLE IF NOT EXISTS {p}metadata (
            `key` VARBINARY(255) NOT NULL PRIMARY KEY,
            value LONGBLOB NOT NULL
        ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

        -- Ordered by finish time, so that inserts, reads and deletions access adjacent rows.
        CREATE TABLE IF NOT EXISTS {p}history (
            finished       BIGINT NOT NULL,
            run_id         BINARY(32) NOT NULL,
            attempt        BIGINT NOT NULL,
            job_id         VARBINARY(764) NOT NULL,
            task           VARBINARY(764) NOT NULL,
            node           VARBINARY(764) NOT NULL,
            scheduled_time BIGINT NOT NULL,
            started        BIGINT,                     -- NULL: it was not started
            outcome        VARBINARY(64) NOT NULL,
            error          BLOB,
            PRIMARY KEY (finished, run_id, attempt),
            KEY of_job (job_id, finished, run_id, attempt)
        ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
        ",
    ],
};

/// The timeout for the migration lock, in seconds.
const WAIT_TIMEOUT: i64 = 60;

/// Migrates the tables to the newest version. If they have the newest or an unknown later version, neither privileges
/// nor locks are required.
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
    let lock = [Text(&prefix), Int(WAIT_TIMEOUT)];
    let rows = connection.fetch(sql(sql::LOCK), &lock).await?;
    if rows.first().map_or(Ok(None), |row| row.nullable_int(0))? != Some(1) {
        return Err(StoreError::new(
            StoreErrorKind::Unavailable,
            "timeout while another process creates or migrates the job tables",
        ));
    }
    schema.migrate(connection, sql).await?;
    connection.execute(sql(sql::UNLOCK), &lock).await.map(drop)
}
