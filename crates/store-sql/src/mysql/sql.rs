//! All SQL that is run against MySQL and MariaDB, apart from the tables themselves (`schema.rs`): what both
//! understand.
//!
//! Whatever holds several rows holds a job before its runs, and jobs in the order of their ids.

use crate::history::HistoryStatements;
use crate::sql::{Statements, select_record};

macro_rules! record {
    ($rest:expr) => {
        select_record!("j.definition", "j.due_at", $rest)
    };
}

/// Whether a job is of one of the tasks in a JSON array. With a join in its place an index would not be gone
/// through in its order any more.
macro_rules! is_of {
    ($tasks:literal) => {
        concat!(
            "JSON_CONTAINS(CONVERT(",
            $tasks,
            " USING utf8mb4), JSON_QUOTE(CONVERT(j.task USING utf8mb4)))"
        )
    };
}

macro_rules! of_tasks {
    ($tasks:literal) => {
        concat!(" AND ", is_of!($tasks))
    };
}

/// What time it is, in microseconds.
macro_rules! time {
    () => {
        "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))"
    };
}

/// What the node `?1` must know at `?2`, of the tasks `?3`.
macro_rules! look {
    () => {
        concat!(
            "(SELECT j.due_at FROM {p}jobs AS j FORCE INDEX (due)
              WHERE j.due_at IS NOT NULL AND (?3 IS NULL OR ",
            is_of!("?3"),
            ") ORDER BY j.due_at LIMIT 1),
             EXISTS (
                SELECT 1 FROM {p}runs AS r STRAIGHT_JOIN {p}jobs AS j FORCE INDEX (id) ON j.id = r.job_id
                WHERE r.node <> ?1 AND r.node NOT IN (SELECT id FROM {p}nodes WHERE alive_until > ?2)
                AND (?3 IS NULL OR ",
            is_of!("?3"),
            ")), ",
            time!()
        )
    };
}

/// The jobs of the ids in the JSON array `?1`, in its order. With a list in its place, all jobs would be read
/// where there are few, and all that are read are held. The array is in a query of its own because MySQL would
/// hold it too, and then says that it can't.
macro_rules! jobs {
    () => {
        " FROM (
             SELECT given.job FROM JSON_TABLE(CONVERT(?1 USING utf8mb4), '$[*]' COLUMNS (
                 job VARCHAR(191) CHARACTER SET utf8mb4 PATH '$'
             )) AS given
         ) AS c
         STRAIGHT_JOIN {p}jobs AS j FORCE INDEX (id) ON j.id = CAST(c.job AS BINARY)"
    };
}

/// Runs whose node is dead at `?1` or not known at all, up to `?2` of them, each with its job. Only the runs are
/// held: whoever held jobs too would pass over the runs of a job that is busy just now.
macro_rules! hold_orphans {
    ($which:expr) => {
        record!(concat!(
            "r.run_id, r.scheduled_time, r.attempt, r.node, r.fence
             FROM (
                 SELECT r.job_id, r.run_id, r.scheduled_time, r.attempt, r.node, r.fence FROM {p}runs AS r
                 WHERE r.node NOT IN (SELECT id FROM {p}nodes WHERE alive_until > ?1)",
            $which,
            " ORDER BY r.scheduled_time LIMIT ?2 FOR UPDATE SKIP LOCKED
             ) AS r STRAIGHT_JOIN {p}jobs AS j FORCE INDEX (id) ON j.id = r.job_id"
        ))
    };
}

/// Holds the jobs that are due and that nobody else holds, up to `?2` of them, and keeps their keys. Since
/// the fence is not in the index, jobs of other tasks are told by the index alone before they are held.
macro_rules! hold_due {
    ($which:expr) => {
        concat!(
            "SELECT JSON_ARRAYAGG(d.key) INTO @punctual_due FROM (
                 SELECT j.key, j.fence FROM {p}jobs AS j FORCE INDEX (due) WHERE j.due_at <= ?1",
            $which,
            " ORDER BY j.due_at LIMIT ?2 FOR UPDATE SKIP LOCKED
             ) AS d"
        )
    };
}

pub(super) const STATEMENTS: Statements = Statements {
    update: "
        UPDATE {p}jobs SET
            revision = revision + 1,
            fence = fence + 1,
            task = COALESCE(?6, task),
            fire_count = IF(?7, 0, fire_count),
            finished = finished AND NOT (?3 AND ?4 IS NOT NULL),
            due_at = IF(?3, ?5, next_run_time),
            next_run_time = IF(?3, ?4, next_run_time)
        WHERE id = ?1 AND revision = ?2 AND (NOT ?8 OR next_run_time <=> ?9)",
    update_definition: "UPDATE {p}jobs SET definition = ?2 WHERE id = ?1",
    exists: "SELECT 1 FROM {p}jobs WHERE id = ?1",
    remove: "DELETE FROM {p}jobs WHERE id = ?1",
    remove_runs: "DELETE FROM {p}runs WHERE job_id = ?1",
    remove_all: "DELETE FROM {p}jobs",
    remove_all_runs: "
        DELETE r FROM {p}runs AS r LEFT JOIN {p}jobs AS j FORCE INDEX (id) ON j.id = r.job_id
        WHERE j.id IS NULL",
    get: record!("0 FROM {p}jobs AS j WHERE j.id = ?1"),
    // NULL comes before all numbers in an index.
    list_scheduled: record!(
        "0 FROM {p}jobs AS j FORCE INDEX (listed) WHERE j.next_run_time IS NOT NULL
         ORDER BY j.next_run_time, j.id LIMIT ?1"
    ),
    list_scheduled_after: record!(
        "0 FROM {p}jobs AS j FORCE INDEX (listed)
         WHERE j.next_run_time >= ?2 AND (j.next_run_time > ?2 OR j.id > ?3)
         ORDER BY j.next_run_time, j.id LIMIT ?1"
    ),
    list_unscheduled_after: record!(
        "0 FROM {p}jobs AS j FORCE INDEX (listed) WHERE j.next_run_time IS NULL AND j.id > ?2
         ORDER BY j.id LIMIT ?1"
    ),
    next_wakeup: "
        SELECT j.due_at FROM {p}jobs AS j FORCE INDEX (due) WHERE j.due_at IS NOT NULL
        ORDER BY j.due_at LIMIT 1",
    next_wakeup_of_tasks: concat!(
        "SELECT j.due_at FROM {p}jobs AS j FORCE INDEX (due) WHERE j.due_at IS NOT NULL",
        of_tasks!("?1"),
        " ORDER BY j.due_at LIMIT 1"
    ),
    time: Some(concat!("SELECT ", time!())),
    look: concat!("SELECT ", look!()),
    node: "SELECT alive_until FROM {p}nodes WHERE id = ?1",
    renew: "
        INSERT INTO {p}nodes (id, alive_until) VALUES (?1, ?2)
        ON DUPLICATE KEY UPDATE alive_until = ?2",
    // Without waiting for nodes that are alive and just say so: they wait for each other then.
    forget_nodes: "
        DELETE n FROM (
            SELECT DISTINCT id FROM {p}nodes WHERE alive_until < ?1 FOR UPDATE SKIP LOCKED
        ) AS dead
        STRAIGHT_JOIN {p}nodes AS n FORCE INDEX (PRIMARY) ON n.id = dead.id",
    bury: "UPDATE {p}nodes SET alive_until = ?3 WHERE id = ?1 AND alive_until <= ?2",
    living: "SELECT id FROM {p}nodes WHERE alive_until > ?1",
    orphans: hold_orphans!(""),
    orphans_of_tasks: hold_orphans!(concat!(
        " AND (SELECT ",
        is_of!("?3"),
        " FROM {p}jobs AS j WHERE j.id = r.job_id)"
    )),
    take_over: "
        UPDATE JSON_TABLE(CONVERT(?1 USING utf8mb4), '$[*]' COLUMNS (
            job VARCHAR(191) CHARACTER SET utf8mb4 PATH '$[0]',
            run VARCHAR(32) CHARACTER SET utf8mb4 PATH '$[1]'
        )) AS c
        STRAIGHT_JOIN {p}runs AS r FORCE INDEX (PRIMARY)
            ON r.job_id = CAST(c.job AS BINARY) AND r.run_id = CAST(c.run AS BINARY)
        SET r.node = ?2, r.fence = r.fence + 1, r.attempt = r.attempt + 1",
    in_flight: "
        SELECT run_id, scheduled_time, attempt, node, fence FROM {p}runs
        WHERE job_id = ?1 ORDER BY run_id",
    notes: "SELECT n.key, n.text FROM {p}notes AS n ORDER BY n.key",
    set_note: "
        INSERT INTO {p}notes (`key`, text) VALUES (?1, ?2) ON DUPLICATE KEY UPDATE text = ?2",
    add_note: "
        INSERT INTO {p}notes (`key`, text) VALUES (?1, ?2) ON DUPLICATE KEY UPDATE text = text",
};

/// A page of the history, along an index: `?1` entries that ended from `?2` to `?3`, older than `?4`, `?5`,
/// `?6`.
macro_rules! select_history {
    ($index:literal, $which:literal) => {
        concat!(
            "SELECT h.run_id, h.attempt, h.job_id, h.task, h.node, h.scheduled_time, h.started, h.finished,
                 h.outcome, h.error
             FROM {p}history AS h FORCE INDEX (",
            $index,
            ") WHERE h.finished BETWEEN ?2 AND ?3
             AND (h.finished < ?4 OR h.run_id < ?5 OR (h.run_id = ?5 AND h.attempt < ?6))
             AND (?7 IS NULL OR JSON_CONTAINS(
                 CONVERT(?7 USING utf8mb4), JSON_QUOTE(CONVERT(h.outcome USING utf8mb4))
             )) ",
            $which,
            "ORDER BY h.finished DESC, h.run_id DESC, h.attempt DESC LIMIT ?1"
        )
    };
}

pub(super) const HISTORY: HistoryStatements = HistoryStatements {
    read: select_history!("PRIMARY", ""),
    read_of_job: select_history!("of_job", "AND h.job_id = ?8 "),
    forget_before: "
        DELETE FROM {p}history WHERE finished < ?1 ORDER BY finished, run_id, attempt LIMIT ?2",
    // What others write or forget just now is passed over: somewhat too many stay, until the next time.
    forget_beyond: "
        DELETE h FROM (
            SELECT old.finished, old.run_id, old.attempt FROM (
                SELECT k.finished, k.run_id, k.attempt, ROW_NUMBER() OVER (
                    PARTITION BY k.job_id ORDER BY k.finished DESC, k.run_id DESC, k.attempt DESC
                ) AS place
                FROM (
                    SELECT e.job_id, e.finished, e.run_id, e.attempt
                    FROM (
                        SELECT DISTINCT CAST(c.job AS BINARY) AS job
                        FROM JSON_TABLE(CONVERT(?1 USING utf8mb4), '$[*]' COLUMNS (
                            job VARCHAR(191) CHARACTER SET utf8mb4 PATH '$'
                        )) AS c
                    ) AS asked
                    STRAIGHT_JOIN {p}history AS e FORCE INDEX (of_job) ON e.job_id = asked.job
                    FOR UPDATE SKIP LOCKED
                ) AS k
            ) AS old WHERE old.place > ?2 LIMIT ?3
        ) AS beyond
        STRAIGHT_JOIN {p}history AS h FORCE INDEX (PRIMARY) ON h.finished = beyond.finished
            AND h.run_id = beyond.run_id AND h.attempt = beyond.attempt",
};

/// Rows are those of `history::entry_rows`. An entry that is there stays as it is.
pub(super) const RECORD_HISTORY: [&str; 3] = [
    "INSERT INTO {p}history
         (finished, run_id, attempt, job_id, task, node, scheduled_time, started, outcome, error)
     VALUES ",
    "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    " ON DUPLICATE KEY UPDATE attempt = attempt",
];

/// No gaps are held between the rows, where others want to add theirs.
pub(super) const BEGIN: &str = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION";

/// The same, a statement each.
pub(super) const READ_COMMITTED: &str = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED";
pub(super) const START: &str = "START TRANSACTION";
pub(super) const COMMIT: &str = "COMMIT";

/// Sees nothing of what others write after its first statement.
pub(super) const BEGIN_SNAPSHOT: &str =
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION READ ONLY";

/// What connections need that a server may have otherwise: statements that end by themselves, change and read as
/// many rows as they are to, and gather as many keys as a batch has.
pub(super) const SETTINGS: &str = "
    SET SESSION autocommit = 1, sql_safe_updates = 0, sql_big_selects = 1,
        sql_select_limit = 18446744073709551615, group_concat_max_len = 1073741824";

/// The server's version, how many bytes it takes at once, the database if one is chosen, and which settings the
/// connection needs that it doesn't have. Lengths that nobody can do with are those of a batch with the longest
/// names; MySQL gathers keys without a limit.
pub(super) const SERVER: &str = "
    SELECT CONVERT(VERSION() USING utf8mb4), CAST(@@max_allowed_packet AS SIGNED),
        CONVERT(DATABASE() USING utf8mb4), CONVERT(CONCAT_WS(', ',
            IF(@@autocommit, NULL, 'autocommit = 1'),
            IF(@@sql_safe_updates, 'sql_safe_updates = 0', NULL),
            IF(@@sql_big_selects, NULL, 'sql_big_selects = 1'),
            IF(@@sql_select_limit < 1048576, 'sql_select_limit = 1048576', NULL),
            IF(VERSION() LIKE '%MariaDB%' AND @@group_concat_max_len < 1048576,
                'group_concat_max_len = 1048576', NULL),
            IF(@@max_allowed_packet < 4194304, 'max_allowed_packet = 4194304', NULL)
        ) USING utf8mb4)";

/// Prefix, how many seconds to wait. Locks of all databases of a server have their names in common: they are those
/// of the tables.
pub(super) const LOCK: &str = "SELECT GET_LOCK(SHA2(CONCAT('punctual ', ?1), 256), ?2)";
pub(super) const UNLOCK: &str = "DO RELEASE_LOCK(SHA2(CONCAT('punctual ', ?1), 256))";

/// Lets a node that is alive live on: the values of `look`, and until when.
pub(super) const PROLONG: &str =
    "UPDATE {p}nodes SET alive_until = ?4 WHERE id = ?1 AND alive_until > ?2";

/// Id, task, revision, fence, next run time, due at, definition. A job that is there stays as it is.
pub(super) const ADD: [&str; 3] = [
    "INSERT INTO {p}jobs (id, task, revision, fence, next_run_time, due_at, definition) VALUES ",
    "(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    " ON DUPLICATE KEY UPDATE fence = fence",
];

/// The fences of the jobs of a JSON array of ids.
pub(super) const FENCES: &str = concat!("SELECT j.fence", jobs!());

pub(super) const HOLD_DUE: &str = hold_due!("");
pub(super) const HOLD_DUE_OF_TASKS: &str = hold_due!(of_tasks!("?3"));
/// The jobs whose keys are kept, as they are.
pub(super) const HELD: &str = record!(
    "0 FROM JSON_TABLE(@punctual_due, '$[*]' COLUMNS (held BIGINT PATH '$')) AS c
     STRAIGHT_JOIN {p}jobs AS j FORCE INDEX (PRIMARY) ON j.key = c.held"
);
pub(super) const CLAIM: &str = "
    UPDATE JSON_TABLE(@punctual_due, '$[*]' COLUMNS (held BIGINT PATH '$')) AS c
    STRAIGHT_JOIN {p}jobs AS j FORCE INDEX (PRIMARY) ON j.key = c.held
    SET j.due_at = ?1, j.fence = j.fence + 1";

// The steps of commits: job, its fence, and what the step is about.

pub(super) const ADVANCE: &str = "
    UPDATE {p}jobs SET next_run_time = ?3, due_at = ?4, fire_count = ?5, finished = FALSE
    WHERE id = ?1 AND fence = ?2";
pub(super) const FINISH: &str = "
    UPDATE {p}jobs SET next_run_time = NULL, due_at = NULL, finished = TRUE
    WHERE id = ?1 AND fence = ?2";
pub(super) const POSTPONE: &str = "
    UPDATE {p}jobs SET due_at = IF(next_run_time IS NULL, NULL, ?3) WHERE id = ?1 AND fence = ?2";
/// Raises the fence and ends a claim.
pub(super) const RELEASE: &str = "
    UPDATE {p}jobs SET fence = fence + 1, due_at = next_run_time WHERE id = ?1 AND fence = ?2";
/// Run, scheduled time, attempt, node, fence. A run that is there stays as it is.
pub(super) const RECORD_RUN: &str = "
    INSERT INTO {p}runs (job_id, run_id, scheduled_time, attempt, node, fence)
    SELECT j.id, ?3, ?4, ?5, ?6, ?7 FROM {p}jobs AS j WHERE j.id = ?1 AND j.fence = ?2
    ON DUPLICATE KEY UPDATE attempt = {p}runs.attempt";
/// Run, whose fence it is.
pub(super) const CLEAR_RUN: &str = "
    DELETE FROM {p}runs WHERE job_id = ?1 AND run_id = ?3 AND fence = ?2";

// The steps for many jobs: a JSON array of their ids.

/// Keeps others from changing them until the end.
pub(super) const HOLD: &str = concat!("SELECT COUNT(*)", jobs!(), " FOR UPDATE");
/// A finished job leaves with its last run: keeps the keys of those that do.
pub(super) const OVER: &str = concat!(
    "SELECT JSON_ARRAYAGG(j.key) INTO @punctual_over",
    jobs!(),
    " WHERE j.finished AND NOT EXISTS (SELECT 1 FROM {p}runs AS r WHERE r.job_id = j.id)"
);
/// Answers their ids.
pub(super) const LEAVING: &str = "
    SELECT j.id FROM JSON_TABLE(@punctual_over, '$[*]' COLUMNS (held BIGINT PATH '$')) AS c
    STRAIGHT_JOIN {p}jobs AS j FORCE INDEX (PRIMARY) ON j.key = c.held";
pub(super) const LEAVE: &str = "
    DELETE j FROM JSON_TABLE(@punctual_over, '$[*]' COLUMNS (held BIGINT PATH '$')) AS c
    STRAIGHT_JOIN {p}jobs AS j FORCE INDEX (PRIMARY) ON j.key = c.held";
