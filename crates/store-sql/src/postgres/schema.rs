//! The tables and functions.

use punctual_core::StoreError;
use sqlx::{Connection, PgConnection};

use super::error::store_error;
use super::names::QualifiedNames;
use super::sql;
use crate::client::Value::Text;
use crate::client::{Client, SqlRow};
use crate::migrate::Schema;

pub(super) const SCHEMA: Schema = Schema {
    // With a primary key, which is required to update tables that are published for logical replication.
    create_version: "CREATE TABLE IF NOT EXISTS {p}schema (version bigint PRIMARY KEY)",
    migrations: &[TABLES],
};

const TABLES: &str = concat!(
    "
    -- Rows are small and pages are filled partly: a claim changes no indexed column, so that its new version of the
    -- row is written to the same page and to no index (heap-only tuple).
    CREATE TABLE {p}jobs (
        id            text COLLATE \"C\" PRIMARY KEY,
        task          text COLLATE \"C\" NOT NULL,
        revision      bigint NOT NULL,
        fence         bigint NOT NULL,
        lost_fence    bigint NOT NULL,             -- claims with this or a smaller fence can't be settled
        next_run_time bigint,                      -- microseconds; NULL: paused or finished
        due_at        bigint,
        claimed       boolean NOT NULL DEFAULT false, -- there is a claim that has not been settled
        claimed_by    text COLLATE \"C\",
        claimed_until bigint,
        claims        bigint NOT NULL DEFAULT 0,   -- of the due occurrence
        fire_count    bigint NOT NULL DEFAULT 0,
        finished      boolean NOT NULL DEFAULT false,
        definition    bytea NOT NULL
    ) WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 1);
    CREATE INDEX {prefix}jobs_due ON {p}jobs (due_at) WHERE due_at IS NOT NULL;
    CREATE INDEX {prefix}jobs_order ON {p}jobs (next_run_time, id);

    CREATE TABLE {p}runs (
        job_id         text COLLATE \"C\" NOT NULL,
        run_id         uuid NOT NULL,
        scheduled_time bigint NOT NULL,
        attempt        bigint NOT NULL,
        node           text COLLATE \"C\" NOT NULL,
        fence          bigint NOT NULL,
        PRIMARY KEY (job_id, run_id)
    ) WITH (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 1);

    CREATE TABLE {p}nodes (
        id          text COLLATE \"C\" PRIMARY KEY,
        alive_until bigint NOT NULL,
        revoked     boolean NOT NULL               -- expired, regardless of the time
    );

    CREATE TABLE {p}metadata (
        key   text COLLATE \"C\" PRIMARY KEY,
        value text NOT NULL
    );

    -- Ordered by finish time, so that inserts, reads and deletions access adjacent rows.
    CREATE TABLE {p}history (
        finished       bigint NOT NULL,
        run_id         uuid NOT NULL,
        attempt        bigint NOT NULL,
        job_id         text COLLATE \"C\" NOT NULL,
        task           text COLLATE \"C\" NOT NULL,
        node           text COLLATE \"C\" NOT NULL,
        scheduled_time bigint NOT NULL,
        started        bigint,                     -- NULL: it was not started
        outcome        text NOT NULL,
        error          text,
        PRIMARY KEY (finished, run_id, attempt)
    );
    CREATE INDEX {prefix}history_of_job ON {p}history (job_id, finished);
",
    include_str!("claim.sql"),
    include_str!("lease_queries.sql"),
    include_str!("commit.sql"),
);

/// Migrates the tables to the newest version, in one transaction under a lock. Tables of the newest version are only
/// checked, which requires no privilege to create tables.
pub(super) async fn migrate(
    connection: &mut PgConnection,
    names: &QualifiedNames,
    schema: &Schema,
) -> Result<(), StoreError> {
    let sql = |statement| names.sql(statement);
    let table = names.table("schema");
    let found = connection.fetch(sql(sql::HAS_TABLES), &[Text(&table)]).await?;
    let has_tables = found.first().map_or(Ok(false), |row| row.bool(0))?;
    if has_tables && schema.is_current(connection, sql).await? {
        return Ok(());
    }
    let mut transaction = connection.begin().await.map_err(store_error)?;
    transaction.script(sql(sql::DISABLE_TIMEOUTS)).await?;
    transaction.fetch(sql(sql::LOCK), &[Text(&names.channel)]).await?;
    if !names.schema_exists {
        // Stores with other prefixes may create it concurrently.
        transaction.fetch(sql(sql::LOCK), &[Text(&names.schema)]).await?;
        transaction.script(sql(sql::CREATE_SCHEMA)).await?;
    }
    schema.migrate(&mut *transaction, sql).await?;
    transaction.commit().await.map_err(store_error)
}
