//! All statements for SQLite, except the definitions of the tables (`schema.rs`).
//!
//! A batch is passed as one JSON array, which `json_each` converts to rows; `CROSS JOIN` makes SQLite iterate over the
//! batch and look up each row, in this order. If the elements are arrays, `jsonb_each` is used: it doesn't convert them to
//! text, which `->>` would parse again.

use crate::sql::{
    self, HistoryStatements, Statements, decremented_claims, increment, increment_fence,
    is_claimable, is_dead, is_expected, is_orphaned, list, renew_lease, run_columns, select_record,
    select_stored, set_run_owner, set_update, was_settled,
};

macro_rules! record {
    ($rest:expr) => {
        select_record!("(SELECT definition FROM {p}definitions WHERE job = j.key)", $rest)
    };
}

/// Whether the task of a job is in this JSON array, or the array is NULL.
macro_rules! task_matches {
    ($tasks:literal) => {
        concat!("(", $tasks, " IS NULL OR j.task IN (SELECT value FROM json_each(", $tasks, ")))")
    };
}

/// The instant from which a job of these tasks can be claimed: when the first unclaimed job is due, or when a claim
/// expires. Jobs are claimed in the order of `due_at`, so claimed jobs usually come first in the index.
macro_rules! next_wakeup {
    ($tasks:literal) => {
        concat!(
            "(SELECT min(at) FROM (
                SELECT * FROM (
                    SELECT j.due_at AS at FROM {p}jobs AS j
                    WHERE j.due_at IS NOT NULL AND ",
            task_matches!($tasks),
            " AND NOT EXISTS (SELECT 1 FROM {p}claims AS c WHERE c.job = j.key)
                    ORDER BY j.due_at LIMIT 1
                )
                UNION ALL
                SELECT min(max(j.due_at, c.until)) FROM {p}claims AS c
                CROSS JOIN {p}jobs AS j ON j.key = c.job
                WHERE j.due_at IS NOT NULL AND ",
            task_matches!($tasks),
            "))"
        )
    };
}

/// The columns of `renewal_status`: for the node `?1` at `?2`, with the tasks `?3`. The time is
/// NULL, because SQLite uses the clock of this machine.
macro_rules! renewal_status {
    () => {
        concat!(
            next_wakeup!("?3"),
            ", EXISTS (
                SELECT 1 FROM {p}runs AS r CROSS JOIN {p}jobs AS j ON j.id = r.job_id
                WHERE r.node <> ?1 AND ",
            is_dead!("r.node", "?2"),
            " AND ",
            task_matches!("?3"),
            ") OR EXISTS (
                SELECT 1 FROM {p}claims AS c CROSS JOIN {p}jobs AS j ON j.key = c.job
                WHERE c.node <> ?1 AND ",
            is_dead!("c.node", "?2"),
            " AND ",
            task_matches!("?3"),
            "), NULL"
        )
    };
}

pub(super) const STATEMENTS: Statements = Statements {
    update: concat!(
        "UPDATE {p}jobs AS j SET ",
        set_update!("r.", "j.fence"),
        " FROM {p}records AS r WHERE r.key = j.key AND ",
        is_expected!("r.", "r.next_run_time IS NOT DISTINCT FROM ?9")
    ),
    update_definition: "
        UPDATE {p}definitions SET definition = ?2
        WHERE job = (SELECT key FROM {p}jobs WHERE id = ?1)",
    lock_jobs: "SELECT id FROM {p}jobs WHERE id IN (SELECT value FROM json_each(?1))",
    // A trigger deletes the definitions.
    remove: "DELETE FROM {p}jobs WHERE id IN (SELECT value FROM json_each(?1))",
    remove_runs: "DELETE FROM {p}runs WHERE job_id IN (SELECT value FROM json_each(?1))",
    get: select_stored!(record, "{p}records", run_columns!()),
    list_scheduled: list!(
        record,
        "{p}records",
        "j.next_run_time IS NOT NULL",
        "j.next_run_time, j.id"
    ),
    list_scheduled_after: list!(
        record,
        "{p}records",
        "(j.next_run_time, j.id) > (?2, ?3)",
        "j.next_run_time, j.id"
    ),
    list_unscheduled: list!(record, "{p}records", "j.next_run_time IS NULL", "j.id"),
    list_unscheduled_after: list!(
        record,
        "{p}records",
        "j.next_run_time IS NULL AND j.id > ?2",
        "j.id"
    ),
    next_wakeup: concat!("SELECT ", next_wakeup!("?1")),
    time: None,
    renewal_status: concat!("SELECT ", renewal_status!()),
    renew: sql::RENEW,
    purge_nodes: "DELETE FROM {p}nodes WHERE alive_until < ?1",
    orphans: record!(concat!(
        run_columns!(),
        " FROM {p}runs AS r CROSS JOIN {p}records AS j WHERE j.id = r.job_id AND ",
        is_orphaned!("r.node", "?1", "?4"),
        " AND ",
        task_matches!("?3"),
        " ORDER BY r.scheduled_time LIMIT ?2"
    )),
    orphaned_claims: concat!(
        "SELECT j.id, c.node FROM {p}claims AS c CROSS JOIN {p}jobs AS j ON j.key = c.job WHERE ",
        is_orphaned!("c.node", "?1", "?4"),
        " AND ",
        task_matches!("?3"),
        " LIMIT ?2"
    ),
    take_over: concat!(
        "UPDATE {p}runs AS r SET ",
        set_run_owner!("r."),
        "?2 FROM jsonb_each(?1) AS c
         WHERE r.job_id = c.value ->> 0 AND r.run_id = c.value ->> 1"
    ),
    release: concat!(
        "UPDATE {p}jobs AS j SET ",
        increment_fence!("r."),
        ", claims = r.claims FROM {p}records AS r
         WHERE r.key = j.key AND r.id IN (SELECT value FROM json_each(?1))"
    ),
    set_metadata: sql::SET_METADATA,
    add_metadata: sql::ADD_METADATA,
    discard_run: sql::DISCARD_RUN,
    discard_entry: sql::DISCARD_ENTRY,
};

/// Acquires the write lock immediately.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";

pub(super) const USE_WAL: &str = "PRAGMA journal_mode = WAL";

/// Checkpoints the WAL as far as possible without blocking.
pub(super) const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// Renews the lease of a node if it has not expired, and returns the row of `renewal_status`.
pub(super) const RENEW_LEASE: &str = concat!(renew_lease!(), " RETURNING ", renewal_status!());

/// A page of the history: `?1` entries that finished from `?2` to `?3`, before the key `?4`, `?5`, `?6`.
macro_rules! select_history {
    ($which:expr) => {
        concat!(
            "SELECT run_id, attempt, job_id, task, node, scheduled_time, started, finished, outcome, error
             FROM {p}history
             WHERE finished BETWEEN ?2 AND ?3 AND (finished, run_id, attempt) < (?4, ?5, ?6)
             AND (?7 IS NULL OR outcome IN (SELECT value FROM json_each(?7))) ",
            $which,
            "ORDER BY finished DESC, run_id DESC, attempt DESC LIMIT ?1"
        )
    };
}

pub(super) const HISTORY: HistoryStatements = HistoryStatements {
    read: select_history!(""),
    read_for_job: select_history!("AND job_id = ?8 "),
    forget_before: "
        DELETE FROM {p}history WHERE (finished, run_id, attempt) IN
            (SELECT finished, run_id, attempt FROM {p}history
             WHERE finished < ?1 ORDER BY finished LIMIT ?2)",
    // Deletes all entries of a job except the `?2` newest ones.
    forget_beyond: "
        DELETE FROM {p}history WHERE (finished, run_id, attempt) IN
            (SELECT h.finished, h.run_id, h.attempt
             FROM json_each(?1) AS c CROSS JOIN {p}history AS h
             ON h.job_id = c.value AND (h.finished, h.run_id, h.attempt) <=
                (SELECT k.finished, k.run_id, k.attempt FROM {p}history AS k WHERE k.job_id = c.value
                 ORDER BY k.finished DESC, k.run_id DESC, k.attempt DESC LIMIT 1 OFFSET ?2)
             LIMIT ?3)",
};

/// Rows are those of `history::entry_rows`.
pub(super) const RECORD_HISTORY: &str = "
    INSERT INTO {p}history
        (finished, run_id, attempt, job_id, task, node, scheduled_time, started, outcome, error)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
        value ->> 7, value ->> 8, value ->> 9
    FROM jsonb_each(?1) WHERE true
    ON CONFLICT (finished, run_id, attempt) DO NOTHING";

/// Rows are `[id, fence, task, next_run_time, due_at, ..]`.
pub(super) const ADD: &str = "
    INSERT INTO {p}jobs (id, fence, lost_fence, task, next_run_time, due_at, revision)
    SELECT value ->> 0, value ->> 1, value ->> 1, value ->> 2, value ->> 3, value ->> 4, ?2
    FROM jsonb_each(?1) WHERE true
    ON CONFLICT (id) DO NOTHING";

/// The same rows. Their last elements are the position of the definition in the bytes `?2`, and its length. Jobs that
/// existed before have other fences than the rows. `substr` of no bytes returns NULL.
pub(super) const ADD_DEFINITIONS: &str = "
    INSERT INTO {p}definitions (job, definition)
    SELECT j.key, coalesce(substr(?2, c.value ->> 5, c.value ->> 6), x'') FROM jsonb_each(?1) AS c
    CROSS JOIN {p}jobs AS j ON j.id = c.value ->> 0 AND j.fence = c.value ->> 1";

/// Returns which of the same rows were added, as one JSON array, because returning many rows would be slower.
pub(super) const ADDED: &str = "
    SELECT json_group_array(c.key) FROM jsonb_each(?1) AS c
    CROSS JOIN {p}jobs AS j ON j.id = c.value ->> 0 AND j.fence = c.value ->> 1";

/// Now, limit, tasks as a JSON array or NULL. Returns records, the keys of the jobs, and whether they have an expired
/// claim.
pub(super) const DUE: &str = record!(concat!(
    "j.key, j.claimed FROM {p}records AS j WHERE ",
    is_claimable!(),
    " AND ",
    task_matches!("?3"),
    " ORDER BY j.due_at LIMIT ?2"
));

/// Keys as a JSON array. Ends the expired claims of these jobs without settling them.
pub(super) const END_EXPIRED: &str = "
    UPDATE {p}jobs AS j SET lost_fence = c.fence, fence = c.fence, claims = c.claims
    FROM {p}claims AS c WHERE c.job = j.key AND j.key IN (SELECT value FROM json_each(?1))";

/// Keys as a JSON array, node, expiry of the claim.
pub(super) const CLAIM: &str = concat!(
    "INSERT INTO {p}claims (job, fence, claims, node, until) SELECT j.key, ",
    increment!("j.", "fence", "4611686018427387904"),
    ", ",
    increment!("j.", "claims", "4294967294"),
    ", ?2, ?3 FROM json_each(?1) AS c CROSS JOIN {p}jobs AS j ON j.key = c.value"
);

/// The states of the jobs of the rows `[id, fence]`: `[row index, has the fence, is claimed, was settled]`, as one JSON
/// array.
pub(super) const GUARD_STATES: &str = concat!(
    "SELECT json_group_array(json_array(
        c.key, j.fence = c.value ->> 1, j.claimed, ",
    was_settled!("j.", "c.value ->> 1"),
    ")) FROM jsonb_each(?1) AS c CROSS JOIN {p}records AS j WHERE j.id = c.value ->> 0"
);

/// Returns the indexes of the rows `[job_id, [run_id, ..]]` whose runs are all recorded, as one JSON array.
pub(super) const RECORDED: &str = "
    SELECT json_group_array(c.key) FROM jsonb_each(?1) AS c WHERE NOT EXISTS (
        SELECT 1 FROM json_each(c.value ->> 1) AS s WHERE NOT EXISTS (
            SELECT 1 FROM {p}runs AS r WHERE r.job_id = c.value ->> 0 AND r.run_id = s.value))";

// Statements that settle a claim assign its fence to the job; a trigger deletes the claim.

/// Rows are those of `GroupRows::advance`. Changes the jobs whose claims are open and have these fences.
pub(super) const ADVANCE: &str = "
    UPDATE {p}jobs AS j SET
        next_run_time = c.value ->> 1,
        due_at = c.value ->> 2,
        fire_count = c.value ->> 3,
        claims = 0,
        fence = k.fence
    FROM jsonb_each(?1) AS c, {p}claims AS k
    WHERE j.id = c.value ->> 0 AND k.job = j.key AND k.fence = c.value ->> 4";

/// Rows are `[id, due_at]`.
pub(super) const POSTPONE: &str = concat!(
    "UPDATE {p}jobs AS j SET due_at = max(c.value ->> 1, j.next_run_time), fence = k.fence, claims = ",
    decremented_claims!("k."),
    " FROM jsonb_each(?1) AS c, {p}claims AS k WHERE j.id = c.value ->> 0 AND k.job = j.key"
);

/// Rows are `[id, due_at]`.
pub(super) const BRING_FORWARD: &str = "
    UPDATE {p}jobs AS j SET due_at = max(c.value ->> 1, j.next_run_time) FROM jsonb_each(?1) AS c
    WHERE j.id = c.value ->> 0 AND j.due_at > c.value ->> 1
        AND NOT EXISTS (SELECT 1 FROM {p}claims AS k WHERE k.job = j.key)";

/// Ids.
pub(super) const FINISH: &str = "
    UPDATE {p}jobs AS j SET finished = 1, next_run_time = NULL, due_at = NULL, claims = 0, fence = k.fence
    FROM {p}claims AS k
    WHERE j.id IN (SELECT value FROM json_each(?1)) AND k.job = j.key";

/// Deletes those of the jobs with these ids that have no runs, and returns their ids.
macro_rules! delete_without_runs {
    ($which:literal) => {
        concat!(
            "DELETE FROM {p}jobs
             WHERE id IN (SELECT value FROM json_each(?1)) AND ",
            $which,
            " AND NOT EXISTS (SELECT 1 FROM {p}runs WHERE job_id = {p}jobs.id)
             RETURNING id"
        )
    };
}

/// Ids of jobs that are finished by this call, instead of marking them as finished.
pub(super) const FINISH_AT_ONCE: &str = delete_without_runs!("TRUE");
/// Ids.
pub(super) const DELETE_COMPLETED: &str = delete_without_runs!("finished");

// Rows of runs are those of `GroupRows::start`.

pub(super) const RECORD_RUNS: &str = "
    INSERT INTO {p}runs (job_id, run_id, scheduled_time, attempt, node, fence)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
    FROM jsonb_each(?1) WHERE true
    ON CONFLICT (job_id, run_id) DO NOTHING";

/// Each row is followed by the fence that the run must have.
pub(super) const RETRY_RUNS: &str = "
    UPDATE {p}runs AS r SET
        scheduled_time = c.value ->> 2, attempt = c.value ->> 3, node = c.value ->> 4, fence = c.value ->> 5
    FROM jsonb_each(?1) AS c
    WHERE r.job_id = c.value ->> 0 AND r.run_id = c.value ->> 1
        AND r.fence = c.value ->> 6 AND r.fence < c.value ->> 5";

/// Returns the jobs of the runs that are recorded with exactly these values.
pub(super) const RUNS_EXIST: &str = "
    SELECT r.job_id FROM jsonb_each(?1) AS c
    CROSS JOIN {p}runs AS r ON r.job_id = c.value ->> 0 AND r.run_id = c.value ->> 1
    WHERE (r.scheduled_time, r.attempt, r.node, r.fence)
        = (c.value ->> 2, c.value ->> 3, c.value ->> 4, c.value ->> 5)";

/// Rows are `[job_id, run_id, fence]`.
pub(super) const CLEAR_RUNS: &str = "
    DELETE FROM {p}runs
    WHERE (job_id, run_id, fence) IN
        (SELECT value ->> 0, value ->> 1, value ->> 2 FROM jsonb_each(?1))
    RETURNING job_id";
