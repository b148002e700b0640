//! The tables and functions.

use punctual_core::StoreError;
use sqlx::{Connection, PgConnection};

use super::error::store_error;
use super::names::Names;
use super::sql;
use crate::client::Value::Text;
use crate::client::{Client, Columns};
use crate::migrate::Schema;

pub(super) const SCHEMA: Schema = Schema {
    // A key, because tables that are published for logical replication can't be changed without.
    create_version: "CREATE TABLE IF NOT EXISTS {p}schema (version bigint PRIMARY KEY)",
    migrations: &[TABLES],
};

const TABLES: &str = concat!(
    "
    -- Rows are small and have room beside them: a claim changes no column that is in an index, and so
    -- writes its new version of the row into the same page and into no index.
    CREATE TABLE {p}jobs (
        id            text COLLATE \"C\" PRIMARY KEY,
        task          text COLLATE \"C\" NOT NULL,
        revision      bigint NOT NULL,
        fence         bigint NOT NULL,
        lost_fence    bigint NOT NULL,             -- no claim up to this one can be settled
        next_run_time bigint,                      -- microseconds; none: paused or finished
        due_at        bigint,
        claimed       boolean NOT NULL DEFAULT false, -- there is a claim that was not settled
        claimed_by    text COLLATE \"C\",
        claimed_until bigint,
        claims        bigint NOT NULL DEFAULT 0,   -- of the occurrence that is due
        fire_count    bigint NOT NULL DEFAULT 0,
        finished      boolean NOT NULL DEFAULT false
    ) WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 1);
    CREATE INDEX {prefix}jobs_due ON {p}jobs (due_at) WHERE due_at IS NOT NULL;
    CREATE INDEX {prefix}jobs_order ON {p}jobs (next_run_time, id);

    CREATE TABLE {p}definitions (
        job_id     text COLLATE \"C\" PRIMARY KEY,
        definition bytea NOT NULL
    );

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
        revoked     boolean NOT NULL               -- dead, whatever the time is
    );

    CREATE TABLE {p}metadata (
        key   text COLLATE \"C\" PRIMARY KEY,
        value text NOT NULL
    );

    -- By their ends, so that entries are written, read and forgotten side by side.
    CREATE TABLE {p}history (
        finished       bigint NOT NULL,
        run_id         uuid NOT NULL,
        attempt        bigint NOT NULL,
        job_id         text COLLATE \"C\" NOT NULL,
        task           text COLLATE \"C\" NOT NULL,
        node           text COLLATE \"C\" NOT NULL,
        scheduled_time bigint NOT NULL,
        started        bigint,                     -- none: it never began
        outcome        text NOT NULL,
        error          text,
        PRIMARY KEY (finished, run_id, attempt)
    );
    CREATE INDEX {prefix}history_of_job ON {p}history (job_id, finished);
",
    include_str!("claim.sql"),
    include_str!("look.sql"),
    include_str!("commit.sql"),
);

/// Brings the tables to the newest version, in one transaction under a lock. Tables that are as they should
/// be are only looked at, which needs no right to make any.
pub(super) async fn migrate(
    connection: &mut PgConnection,
    names: &Names,
    schema: &Schema,
) -> Result<(), StoreError> {
    let sql = |statement| names.sql(statement);
    let table = names.table("schema");
    let found = connection.fetch(sql(sql::HAS_TABLES), &[Text(&table)]).await?;
    let has_tables = found.first().map_or(Ok(false), |row| row.flag(0))?;
    if has_tables && schema.is_current(connection, sql).await? {
        return Ok(());
    }
    let mut transaction = connection.begin().await.map_err(store_error)?;
    transaction.script(sql(sql::TAKE_TIME)).await?;
    transaction.fetch(sql(sql::LOCK), &[Text(&names.channel)]).await?;
    if !names.schema_exists {
        // Stores of other prefixes may be about to make it too.
        transaction.fetch(sql(sql::LOCK), &[Text(&names.schema)]).await?;
        transaction.script(sql(sql::CREATE_SCHEMA)).await?;
    }
    schema.migrate(&mut *transaction, sql).await?;
    transaction.commit().await.map_err(store_error)
}
