//! All SQL that is run against SQLite, apart from the tables themselves (`schema.rs`).
//!
//! Batches come in as one JSON array each, which `json_each` turns into rows; `CROSS JOIN` makes SQLite
//! walk the batch and look each row up, in this order.

use crate::history::HistoryStatements;
use crate::sql::{Statements, select_record};

macro_rules! record {
    ($rest:expr) => {
        select_record!(
            "(SELECT definition FROM {p}definitions WHERE job = j.key)",
            "j.due_at",
            $rest
        )
    };
}

/// A record with a run whose node is dead at `?1` or not known at all, up to `?2` of them.
macro_rules! select_orphans {
    ($which:expr) => {
        record!(concat!(
            "r.run_id, r.scheduled_time, r.attempt, r.node, r.fence
             FROM {p}runs AS r JOIN {p}jobs AS j ON j.id = r.job_id
             WHERE r.node NOT IN (SELECT id FROM {p}nodes WHERE alive_until > ?1) ",
            $which,
            " ORDER BY r.scheduled_time LIMIT ?2"
        ))
    };
}

/// What the node `?1` must know at `?2`, of the tasks `?3`. The file has no clock.
macro_rules! look {
    () => {
        "(SELECT due_at FROM {p}jobs
          WHERE due_at IS NOT NULL AND (?3 IS NULL OR task IN (SELECT value FROM json_each(?3)))
          ORDER BY due_at LIMIT 1),
         EXISTS (
            SELECT 1 FROM {p}runs AS r CROSS JOIN {p}jobs AS j ON j.id = r.job_id
            WHERE r.node <> ?1 AND r.node NOT IN (SELECT id FROM {p}nodes WHERE alive_until > ?2)
            AND (?3 IS NULL OR j.task IN (SELECT value FROM json_each(?3)))
         ),
         NULL"
    };
}

pub(super) const STATEMENTS: Statements = Statements {
    update: "
        UPDATE {p}jobs SET
            revision = revision + 1,
            fence = fence + 1,
            task = coalesce(?6, task),
            fire_count = iif(?7, 0, fire_count),
            finished = finished AND NOT (?3 AND ?4 IS NOT NULL),
            next_run_time = iif(?3, ?4, next_run_time),
            due_at = iif(?3, ?5, next_run_time)
        WHERE id = ?1 AND revision = ?2 AND (NOT ?8 OR next_run_time IS ?9)",
    update_definition: "
        UPDATE {p}definitions SET definition = ?2
        WHERE job = (SELECT key FROM {p}jobs WHERE id = ?1)",
    exists: "SELECT 1 FROM {p}jobs WHERE id = ?1",
    // A trigger removes the definitions.
    remove: "DELETE FROM {p}jobs WHERE id = ?1",
    remove_runs: "DELETE FROM {p}runs WHERE job_id = ?1",
    remove_all: "DELETE FROM {p}jobs",
    // There is one writer at a time.
    remove_all_runs: "DELETE FROM {p}runs",
    get: record!("0 FROM {p}jobs AS j WHERE j.id = ?1"),
    list_scheduled: record!(
        "0 FROM {p}jobs AS j WHERE j.next_run_time IS NOT NULL
         ORDER BY j.next_run_time, j.id LIMIT ?1"
    ),
    list_scheduled_after: record!(
        "0 FROM {p}jobs AS j WHERE (j.next_run_time, j.id) > (?2, ?3)
         ORDER BY j.next_run_time, j.id LIMIT ?1"
    ),
    list_unscheduled_after: record!(
        "0 FROM {p}jobs AS j WHERE j.next_run_time IS NULL AND j.id > ?2 ORDER BY j.id LIMIT ?1"
    ),
    next_wakeup: "
        SELECT due_at FROM {p}jobs WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1",
    next_wakeup_of_tasks: "
        SELECT due_at FROM {p}jobs
        WHERE due_at IS NOT NULL AND task IN (SELECT value FROM json_each(?1))
        ORDER BY due_at LIMIT 1",
    time: None,
    look: concat!("SELECT ", look!()),
    node: "SELECT alive_until FROM {p}nodes WHERE id = ?1",
    renew: "
        INSERT INTO {p}nodes (id, alive_until) VALUES (?1, ?2)
        ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until",
    forget_nodes: "DELETE FROM {p}nodes WHERE alive_until < ?1",
    bury: "UPDATE {p}nodes SET alive_until = ?3 WHERE id = ?1 AND alive_until <= ?2",
    living: "SELECT id FROM {p}nodes WHERE alive_until > ?1",
    orphans: select_orphans!(""),
    orphans_of_tasks: select_orphans!("AND j.task IN (SELECT value FROM json_each(?3))"),
    take_over: "
        UPDATE {p}runs AS r SET node = ?2, fence = r.fence + 1, attempt = r.attempt + 1
        FROM json_each(?1) AS c WHERE r.job_id = c.value ->> 0 AND r.run_id = c.value ->> 1",
    in_flight: "
        SELECT run_id, scheduled_time, attempt, node, fence FROM {p}runs
        WHERE job_id = ?1 ORDER BY run_id",
    notes: "SELECT key, text FROM {p}notes ORDER BY key",
    set_note: "
        INSERT INTO {p}notes (key, text) VALUES (?1, ?2)
        ON CONFLICT (key) DO UPDATE SET text = excluded.text",
    add_note: "INSERT INTO {p}notes (key, text) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING",
};

/// Takes the write lock at once.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";

pub(super) const USE_WAL: &str = "PRAGMA journal_mode = WAL";

/// Takes over into the file what is in the log, as far as nobody is in the way, and waits for nobody.
pub(super) const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// Lets a node that is alive live on, and looks around.
pub(super) const PROLONG: &str = concat!(
    "UPDATE {p}nodes SET alive_until = ?4 WHERE id = ?1 AND alive_until > ?2 RETURNING ",
    look!()
);

/// A page of the history: `?1` entries that ended from `?2` to `?3`, older than `?4`, `?5`, `?6`.
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
    read_of_job: select_history!("AND job_id = ?8 "),
    forget_before: "
        DELETE FROM {p}history WHERE (finished, run_id, attempt) IN
            (SELECT finished, run_id, attempt FROM {p}history
             WHERE finished < ?1 ORDER BY finished LIMIT ?2)",
    // Those that are not newer than the newest one too many.
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
    FROM json_each(?1) WHERE true
    ON CONFLICT (finished, run_id, attempt) DO NOTHING";

/// Rows are `[id, fence, task, next_run_time, due_at, ..]`.
pub(super) const ADD: &str = "
    INSERT INTO {p}jobs (id, fence, task, next_run_time, due_at, revision)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, ?2
    FROM json_each(?1) WHERE true
    ON CONFLICT (id) DO NOTHING";

/// The same rows, which go on with where in the bytes `?2` the definition begins, and how long it is. Those
/// of jobs that were there before have another fence than these. Of no bytes at all there is no part.
pub(super) const ADD_DEFINITIONS: &str = "
    INSERT INTO {p}definitions (job, definition)
    SELECT j.key, coalesce(substr(?2, c.value ->> 5, c.value ->> 6), x'') FROM json_each(?1) AS c
    CROSS JOIN {p}jobs AS j ON j.id = c.value ->> 0 AND j.fence = c.value ->> 1";

pub(super) const DUE: &str =
    record!("j.key FROM {p}jobs AS j WHERE j.due_at <= ?1 ORDER BY j.due_at LIMIT ?2");
pub(super) const DUE_OF_TASKS: &str = record!(
    "j.key FROM {p}jobs AS j
     WHERE j.due_at <= ?1 AND j.task IN (SELECT value FROM json_each(?3))
     ORDER BY j.due_at LIMIT ?2"
);
pub(super) const CLAIM: &str = "
    UPDATE {p}jobs SET due_at = ?1, fence = fence + 1
    WHERE key IN (SELECT value FROM json_each(?2))";

/// Which rows `[id, fence, ..]` of a batch hold, as one JSON array: a row each would cost more than the query.
pub(super) const HELD: &str = "
    SELECT json_group_array(c.key) FROM json_each(?1) AS c
    CROSS JOIN {p}jobs AS j ON j.id = c.value ->> 0 AND j.fence = c.value ->> 1";

/// Rows are those of `Changes::advance`.
pub(super) const ADVANCE: &str = "
    UPDATE {p}jobs AS j SET
        next_run_time = c.value ->> 1,
        due_at = c.value ->> 2,
        fire_count = c.value ->> 3,
        finished = 0
    FROM json_each(?1) AS c WHERE j.id = c.value ->> 0 AND j.fence = c.value ->> 4";

/// Rows are those of `Changes::postpone`.
pub(super) const POSTPONE: &str = "
    UPDATE {p}jobs AS j SET due_at = c.value ->> 1
    FROM json_each(?1) AS c WHERE j.id = c.value ->> 0 AND j.next_run_time IS NOT NULL";

/// Raises the fence and ends a claim.
pub(super) const RELEASE: &str = "
    UPDATE {p}jobs SET fence = fence + 1, due_at = next_run_time
    WHERE id IN (SELECT value FROM json_each(?1))";

pub(super) const FINISH: &str = "
    UPDATE {p}jobs SET finished = 1, next_run_time = NULL, due_at = NULL
    WHERE id IN (SELECT value FROM json_each(?1))";

/// A finished job leaves with its last run.
pub(super) const REMOVE_IF_OVER: &str = "
    DELETE FROM {p}jobs
    WHERE id IN (SELECT value FROM json_each(?1)) AND finished
        AND NOT EXISTS (SELECT 1 FROM {p}runs WHERE job_id = {p}jobs.id)
    RETURNING id";

/// Rows are those of `Changes::start`.
pub(super) const RECORD_RUNS: &str = "
    INSERT INTO {p}runs (job_id, run_id, scheduled_time, attempt, node, fence)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
    FROM json_each(?1) WHERE true
    ON CONFLICT (job_id, run_id) DO NOTHING";

/// Rows are `[job_id, run_id, fence]`.
pub(super) const CLEAR_RUNS: &str = "
    DELETE FROM {p}runs
    WHERE (job_id, run_id, fence) IN
        (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1))
    RETURNING job_id";
