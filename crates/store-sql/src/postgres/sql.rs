//! All statements for PostgreSQL, except the definitions of the tables and functions (`schema.rs`).
//!
//! `{p}` is the schema with the table prefix. Batches are passed as arrays, which `unnest` converts to rows.

use crate::sql::{
    self, HistoryStatements, Statements, increment_fence, is_dead, is_orphaned, list, renew_lease,
    select_record, select_stored, set_run_owner, set_unclaimed, update,
};

macro_rules! record {
    ($rest:expr) => {
        select_record!("j.definition", $rest)
    };
}

/// The columns of a run as `rows::run` reads them; its id without the dashes of a UUID.
macro_rules! run_columns {
    () => {
        "translate(r.run_id::text, '-', ''), r.scheduled_time, r.attempt, r.node, r.fence "
    };
}

/// The elements of a JSON array, as an array that can be searched by an index.
macro_rules! texts {
    ($json:literal) => {
        concat!("ARRAY(SELECT jsonb_array_elements_text(", $json, "::jsonb))")
    };
}

/// The same for tasks, or NULL for all tasks.
macro_rules! tasks {
    ($json:literal) => {
        concat!("CASE WHEN ", $json, "::text IS NOT NULL THEN ", texts!($json), " END")
    };
}

/// Whether the task of a job is in this JSON array, or the array is NULL.
macro_rules! task_matches {
    ($tasks:literal) => {
        concat!("(", $tasks, "::text IS NULL OR j.task = ANY (", texts!($tasks), "))")
    };
}

/// The server's time in microseconds.
macro_rules! time {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    };
}

/// The columns of `renewal_status`: for the node `?1` at `?2`, with the tasks `?3`. Jobs are looked up for orphaned
/// runs only, where a join might read all jobs.
macro_rules! renewal_status {
    () => {
        concat!(
            "{p}next_wakeup(",
            tasks!("?3"),
            "), EXISTS (
                SELECT 1 FROM {p}runs AS r WHERE r.node <> ?1 AND ",
            is_dead!("r.node", "?2"),
            " AND (SELECT ",
            task_matches!("?3"),
            " FROM {p}jobs AS j WHERE j.id = r.job_id)
            ) OR {p}has_orphaned_claims(?1, ?2, ",
            tasks!("?3"),
            "), ",
            time!()
        )
    };
}

pub(super) const STATEMENTS: Statements = Statements {
    update: update!("next_run_time IS NOT DISTINCT FROM ?9"),
    update_definition: "UPDATE {p}jobs SET definition = ?2 WHERE id = ?1",
    // In sorted order, so that concurrent removals of the same jobs can't deadlock.
    lock_jobs: concat!(
        "SELECT id FROM {p}jobs WHERE id = ANY (",
        texts!("?1"),
        ") ORDER BY id FOR UPDATE"
    ),
    remove: concat!("DELETE FROM {p}jobs WHERE id = ANY (", texts!("?1"), ")"),
    remove_runs: concat!("DELETE FROM {p}runs WHERE job_id = ANY (", texts!("?1"), ")"),
    get: select_stored!(record, "{p}jobs", run_columns!()),
    list_scheduled: list!(
        record,
        "{p}jobs",
        "j.next_run_time IS NOT NULL",
        "j.next_run_time, j.id"
    ),
    list_scheduled_after: list!(
        record,
        "{p}jobs",
        "(j.next_run_time, j.id) > (?2, ?3)",
        "j.next_run_time, j.id"
    ),
    list_unscheduled: list!(record, "{p}jobs", "j.next_run_time IS NULL", "j.id"),
    list_unscheduled_after: list!(
        record,
        "{p}jobs",
        "j.next_run_time IS NULL AND j.id > ?2",
        "j.id"
    ),
    next_wakeup: concat!("SELECT {p}next_wakeup(", tasks!("?1"), ")"),
    time: Some(concat!("SELECT ", time!())),
    renewal_status: concat!("SELECT ", renewal_status!()),
    renew: sql::RENEW,
    // Leases that a concurrent transaction is deleting are skipped.
    purge_nodes: "
        DELETE FROM {p}nodes WHERE id IN (
            SELECT id FROM {p}nodes WHERE alive_until < ?1 FOR UPDATE SKIP LOCKED)",
    orphans: record!(concat!(
        run_columns!(),
        "FROM {p}runs AS r JOIN {p}jobs AS j ON j.id = r.job_id WHERE ",
        is_orphaned!("r.node", "?1", "?4"),
        " AND ",
        task_matches!("?3"),
        " ORDER BY r.scheduled_time LIMIT ?2 FOR UPDATE OF r SKIP LOCKED"
    )),
    orphaned_claims: concat!("SELECT * FROM {p}orphaned_claims(?1, ?2, ", tasks!("?3"), ", ?4)"),
    take_over: concat!(
        "UPDATE {p}runs AS r SET ",
        set_run_owner!("r."),
        "?2 FROM jsonb_array_elements(?1::jsonb) AS c
         WHERE r.job_id = c ->> 0 AND r.run_id = (c ->> 1)::uuid"
    ),
    release: concat!(
        "UPDATE {p}jobs SET ",
        increment_fence!(""),
        ", ",
        set_unclaimed!(),
        " WHERE id = ANY (",
        texts!("?1"),
        ")"
    ),
    set_metadata: sql::SET_METADATA,
    add_metadata: sql::ADD_METADATA,
    // `?2` may not be a valid run id.
    discard_run: "
        DELETE FROM {p}runs WHERE job_id = ?1 AND translate(run_id::text, '-', '') = ?2",
    discard_entry: "
        DELETE FROM {p}history
        WHERE finished = ?1 AND translate(run_id::text, '-', '') = ?2 AND attempt = ?3",
};

/// The quoted name of the schema `$1`, or of the connection's schema; whether it exists; the channel for tables with
/// the prefix `$2` in it; the default isolation level.
pub(super) const NAMES: &str = "
    SELECT quote_ident(name), to_regnamespace(quote_ident(name)) IS NOT NULL,
        'punctual_' || to_hex(hashtextextended(name || '.' || lower($2), 0)),
        current_setting('default_transaction_isolation')
    FROM coalesce($1, current_schema()::text) AS name WHERE name IS NOT NULL";

pub(super) const BEGIN: &str = "BEGIN";
/// A snapshot that does not see changes committed after its first statement.
pub(super) const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

pub(super) const HAS_TABLES: &str = "SELECT to_regclass(?1) IS NOT NULL";

/// Disables the timeouts: migrating large tables may take long, and other processes wait for it.
pub(super) const DISABLE_TIMEOUTS: &str =
    "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0";
/// Acquires a lock until the end of the transaction. Its name is that of the notification channel, which all stores
/// with the same tables share, or that of the schema.
pub(super) const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended(?1, 0))";
pub(super) const CREATE_SCHEMA: &str = "CREATE SCHEMA IF NOT EXISTS {schema}";

/// Ids, tasks, definitions, fences, next run times, due times, the first revision, and the channel that is notified of the
/// earliest due time if a job is added. Returns the fences of the added jobs. The rows are sorted by id, so that concurrent additions of the same
/// jobs can't deadlock.
pub(super) const ADD: &str = "
    WITH added AS (
        INSERT INTO {p}jobs
            (id, task, definition, revision, fence, lost_fence, next_run_time, due_at)
        SELECT id, task, definition, ?7, fence, fence, next_run_time, due_at
        FROM unnest(?1::text[], ?2::text[], ?3::bytea[], ?4::bigint[], ?5::bigint[], ?6::bigint[])
            AS new (id, task, definition, fence, next_run_time, due_at)
        ON CONFLICT (id) DO NOTHING RETURNING fence, due_at)
    SELECT array_agg(fence),
        CASE WHEN count(*) > 0 THEN pg_notify(?8, coalesce(min(due_at)::text, '')) END
    FROM added";

/// Adds sorted rows, which the server spends half the time of `ADD` on. It fails if one of the jobs exists.
pub(super) const COPY: &str = "
    COPY {p}jobs (id, task, definition, revision, fence, lost_fence, next_run_time, due_at)
    FROM STDIN WITH (FORMAT binary)";

/// Node, now, expiry of the claims, limit, tasks. Returns the records of the claimed jobs, followed by a row of NULLs
/// if more jobs may be due.
pub(super) const CLAIM: &str = "SELECT * FROM {p}claim(?1, ?2, ?3, ?4, ?5)";

/// Returns the indexes of the commits that are done, and of those that removed their job.
macro_rules! commit {
    () => {
        "SELECT done, removed FROM {p}commit(
            ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
    };
}
pub(super) const COMMIT: &str = commit!();

/// The same, with history entries in addition to the commits.
pub(super) const COMMIT_WITH_HISTORY: &str = concat!(
    "WITH history AS (
        INSERT INTO {p}history
            (finished, run_id, attempt, job_id, task, node, scheduled_time, started, outcome, error)
        SELECT * FROM unnest(
            ?16::bigint[], ?17::uuid[], ?18::bigint[], ?19::text[], ?20::text[], ?21::text[],
            ?22::bigint[], ?23::bigint[], ?24::text[], ?25::text[])
        ON CONFLICT (finished, run_id, attempt) DO NOTHING) ",
    commit!()
);

/// A page of the history: `?1` entries that finished from `?2` to `?3`, before the key `?4`, `?5`, `?6`.
macro_rules! select_history {
    ($which:expr) => {
        concat!(
            "SELECT translate(run_id::text, '-', ''), attempt, job_id, task, node, scheduled_time,
                started, finished, outcome, error
             FROM {p}history
             WHERE finished BETWEEN ?2 AND ?3
             AND (finished, run_id, attempt) < (?4, nullif(?5, '')::uuid, ?6)
             AND (?7 IS NULL OR outcome IN (SELECT jsonb_array_elements_text(?7::jsonb))) ",
            $which,
            "ORDER BY finished DESC, run_id DESC, attempt DESC LIMIT ?1"
        )
    };
}

pub(super) const HISTORY: HistoryStatements = HistoryStatements {
    read: select_history!(""),
    read_for_job: select_history!("AND job_id = ?8 "),
    forget_before: "
        DELETE FROM {p}history WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM {p}history WHERE finished < ?1
            ORDER BY finished LIMIT ?2 FOR UPDATE SKIP LOCKED))",
    // Deletes all entries of a job except the `?2` newest ones.
    forget_beyond: "
        DELETE FROM {p}history WHERE ctid = ANY (ARRAY(
            SELECT h.ctid FROM (
                SELECT job, (
                    SELECT k FROM {p}history AS k WHERE k.job_id = job
                    ORDER BY k.finished DESC, k.run_id DESC, k.attempt DESC LIMIT 1 OFFSET ?2
                ) AS last FROM jsonb_array_elements_text(?1::jsonb) AS job
            ) AS beyond JOIN {p}history AS h ON h.job_id = job
                AND h.finished <= (last).finished
                AND (h.finished, h.run_id, h.attempt)
                    <= ((last).finished, (last).run_id, (last).attempt)
            LIMIT ?3 FOR UPDATE OF h SKIP LOCKED))",
};

/// Channel, and the earliest due time of added jobs, or an empty text.
pub(super) const NOTIFY: &str = "SELECT pg_notify(?1, ?2)";

/// Renews the lease of a node if it has not expired, and returns the row of `renewal_status`.
pub(super) const RENEW_LEASE: &str = concat!(
    "WITH renewed AS (",
    renew_lease!(),
    " RETURNING id) SELECT ",
    renewal_status!(),
    " FROM renewed"
);
