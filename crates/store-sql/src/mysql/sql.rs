//! All statements for MySQL and MariaDB, except the definitions of the tables (`schema.rs`), in the common dialect of
//! both.
//!
//! Statements that lock several rows lock a job before its runs, and jobs in the order of their ids.

mod history;
mod session;

pub(super) use self::history::{HISTORY, RECORD_HISTORY};
pub(super) use self::session::{
    BEGIN, BEGIN_SNAPSHOT, COMMIT, LOCK, READ_COMMITTED, SERVER, SETTINGS, START, UNLOCK,
};

use crate::sql::{
    self, Statements, decremented_claims, increment, increment_fence, is_claimable, is_dead,
    is_orphaned, renew_lease, run_columns, select_record, select_stored, set_run_owner,
    set_unclaimed, update, was_settled,
};

macro_rules! record {
    ($rest:expr) => {
        select_record!("j.definition", $rest)
    };
}

/// Whether the task of a job is in this JSON array, or the array is NULL. A join instead would prevent the server from
/// reading an index in its order.
macro_rules! task_matches {
    ($tasks:literal) => {
        concat!(
            "(",
            $tasks,
            " IS NULL OR JSON_CONTAINS(CONVERT(",
            $tasks,
            " USING utf8mb4), JSON_QUOTE(CONVERT(j.task USING utf8mb4))))"
        )
    };
}

/// Increases the fence and counts the claim; must be followed by the assignments of the node and the expiry.
macro_rules! set_claim {
    ($j:literal) => {
        concat!(
            increment_fence!($j),
            ", claims = ",
            increment!($j, "claims", "4294967294"),
            ", claimed = TRUE"
        )
    };
}

/// Whether the claim with this fence is open and can be settled.
macro_rules! is_open {
    ($j:literal, $fence:literal) => {
        concat!("(", $j, "fence = ", $fence, " AND ", $j, "claimed)")
    };
}

/// Selects the keys of the jobs among which orphaned claims are searched: only the 1,000 earliest due jobs, which are claimed
/// first. Jobs that are due within the next minute are included, because a node with a fast clock may have claimed
/// them.
macro_rules! earliest_due {
    ($now:literal, $which:expr) => {
        concat!(
            "(SELECT j.key, j.claimed, j.claimed_by FROM {p}jobs AS j FORCE INDEX (due) WHERE j.due_at <= ",
            $now,
            " + 60000000 AND ",
            $which,
            " ORDER BY j.due_at LIMIT 1000) AS front"
        )
    };
}

/// The server's time in microseconds.
macro_rules! time {
    () => {
        "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))"
    };
}

/// The instant from which a job of these tasks can be claimed: when the first unclaimed job is due, or when the claim
/// of a job that is due earlier expires. Jobs are claimed in the order of `due_at`, so claimed jobs usually come first
/// in the index. A derived table with one row selects the first unclaimed job. It is materialized before the other
/// table is read, so only the part of the index up to that job is read.
macro_rules! next_wakeup {
    ($tasks:literal) => {
        concat!(
            "(SELECT NULLIF(LEAST(MIN(free.due_at), COALESCE(
                 MIN(GREATEST(j.due_at, COALESCE(j.claimed_until, j.due_at))), 9223372036854775807
             )), 9223372036854775807)
             FROM (
                 SELECT COALESCE((
                     SELECT j.due_at FROM {p}jobs AS j FORCE INDEX (due)
                     WHERE j.due_at IS NOT NULL AND ",
            task_matches!($tasks),
            " AND NOT j.claimed ORDER BY j.due_at LIMIT 1
                 ), 9223372036854775807) AS due_at
             ) AS free
             LEFT JOIN {p}jobs AS j FORCE INDEX (due) ON j.due_at < free.due_at AND ",
            task_matches!($tasks),
            " AND j.claimed)"
        )
    };
}

/// The columns of `renewal_status`: for the node `?1` at `?2`, with the tasks `?3`.
macro_rules! renewal_status {
    () => {
        concat!(
            next_wakeup!("?3"),
            ", EXISTS (
                SELECT 1 FROM {p}runs AS r STRAIGHT_JOIN {p}jobs AS j FORCE INDEX (id) ON j.id = r.job_id
                WHERE r.node <> ?1 AND ",
            is_dead!("r.node", "?2"),
            " AND ",
            task_matches!("?3"),
            ") OR EXISTS (SELECT 1 FROM ",
            earliest_due!("?2", task_matches!("?3")),
            " WHERE front.claimed AND front.claimed_by <> ?1 AND ",
            is_dead!("front.claimed_by", "?2"),
            "), ",
            time!()
        )
    };
}

/// The names in the JSON array `?1`, in its order. A derived table contains the array, because MySQL would otherwise
/// try to lock the array, which is an error.
macro_rules! ids_from_json {
    ($length:literal) => {
        concat!(
            "(
             SELECT given.job FROM JSON_TABLE(CONVERT(?1 USING utf8mb4), '$[*]' COLUMNS (
                 job VARCHAR(",
            $length,
            ") CHARACTER SET utf8mb4 PATH '$'
             )) AS given
         ) AS c"
        )
    };
}

/// The jobs with these ids. With `IN` instead of the array, the server would read and lock all jobs of a small table.
macro_rules! jobs_by_id {
    ($length:literal) => {
        concat!(
            ids_from_json!($length),
            " STRAIGHT_JOIN {p}jobs AS j FORCE INDEX (id) ON j.id = CAST(c.job AS BINARY)"
        )
    };
}

/// The jobs whose keys are in this session variable.
macro_rules! jobs_in_variable {
    ($variable:literal) => {
        concat!(
            "JSON_TABLE(",
            $variable,
            ", '$[*]' COLUMNS (held BIGINT PATH '$')) AS c
             STRAIGHT_JOIN {p}jobs AS j FORCE INDEX (PRIMARY) ON j.key = c.held"
        )
    };
}

pub(super) const STATEMENTS: Statements = Statements {
    update: update!("next_run_time <=> ?9"),
    update_definition: "UPDATE {p}jobs SET definition = ?2 WHERE id = ?1",
    // Also accept ids that are too long to be valid.
    lock_jobs: concat!("SELECT j.id FROM ", jobs_by_id!("764"), " FOR UPDATE"),
    remove: concat!("DELETE j FROM ", jobs_by_id!("764")),
    remove_runs: concat!(
        "DELETE r FROM ",
        ids_from_json!("764"),
        " STRAIGHT_JOIN {p}runs AS r FORCE INDEX (PRIMARY) ON r.job_id = CAST(c.job AS BINARY)"
    ),
    get: select_stored!(record, "{p}jobs", run_columns!()),
    // NULL is sorted before all numbers in an index.
    list_scheduled: record!(
        "0 FROM {p}jobs AS j FORCE INDEX (listed) WHERE j.next_run_time IS NOT NULL
         ORDER BY j.next_run_time, j.id LIMIT ?1"
    ),
    list_scheduled_after: record!(
        "0 FROM {p}jobs AS j FORCE INDEX (listed)
         WHERE j.next_run_time >= ?2 AND (j.next_run_time > ?2 OR j.id > ?3)
         ORDER BY j.next_run_time, j.id LIMIT ?1"
    ),
    list_unscheduled: record!(
        "0 FROM {p}jobs AS j FORCE INDEX (listed) WHERE j.next_run_time IS NULL
         ORDER BY j.id LIMIT ?1"
    ),
    list_unscheduled_after: record!(
        "0 FROM {p}jobs AS j FORCE INDEX (listed) WHERE j.next_run_time IS NULL AND j.id > ?2
         ORDER BY j.id LIMIT ?1"
    ),
    next_wakeup: concat!("SELECT ", next_wakeup!("?1")),
    time: Some(concat!("SELECT ", time!())),
    renewal_status: concat!("SELECT ", renewal_status!()),
    renew: "
        INSERT INTO {p}nodes (id, alive_until, revoked) VALUES (?1, ?2, FALSE)
        ON DUPLICATE KEY UPDATE alive_until = ?2, revoked = FALSE",
    // Skips the leases of nodes that are just being renewed, because waiting for them could deadlock.
    purge_nodes: "
        DELETE n FROM (
            SELECT DISTINCT id FROM {p}nodes WHERE alive_until < ?1 FOR UPDATE SKIP LOCKED
        ) AS dead
        STRAIGHT_JOIN {p}nodes AS n FORCE INDEX (PRIMARY) ON n.id = dead.id",
    // Only the runs are locked: locking jobs, too, would skip the runs of a job that is currently locked.
    orphans: record!(concat!(
        run_columns!(),
        " FROM (
             SELECT r.job_id, r.run_id, r.scheduled_time, r.attempt, r.node, r.fence FROM {p}runs AS r
             WHERE ",
        is_orphaned!("r.node", "?1", "?4"),
        " AND (?3 IS NULL OR (SELECT ",
        task_matches!("?3"),
        " FROM {p}jobs AS j WHERE j.id = r.job_id))
             ORDER BY r.scheduled_time LIMIT ?2 FOR UPDATE SKIP LOCKED
         ) AS r STRAIGHT_JOIN {p}jobs AS j FORCE INDEX (id) ON j.id = r.job_id"
    )),
    // The jobs are searched without locking rows that don't match.
    orphaned_claims: concat!(
        "SELECT j.id, j.claimed_by FROM (
             SELECT front.key FROM ",
        earliest_due!("?1", task_matches!("?3")),
        " WHERE front.claimed AND ",
        is_orphaned!("front.claimed_by", "?1", "?4"),
        " LIMIT ?2
         ) AS c STRAIGHT_JOIN {p}jobs AS j FORCE INDEX (PRIMARY) ON j.key = c.key
         WHERE j.claimed AND ",
        is_orphaned!("j.claimed_by", "?1", "?4"),
        " FOR UPDATE SKIP LOCKED"
    ),
    take_over: concat!(
        "UPDATE JSON_TABLE(CONVERT(?1 USING utf8mb4), '$[*]' COLUMNS (
            job VARCHAR(191) CHARACTER SET utf8mb4 PATH '$[0]',
            run VARCHAR(32) CHARACTER SET utf8mb4 PATH '$[1]'
        )) AS c
        STRAIGHT_JOIN {p}runs AS r FORCE INDEX (PRIMARY)
            ON r.job_id = CAST(c.job AS BINARY) AND r.run_id = CAST(c.run AS BINARY)
        SET ",
        set_run_owner!("r."),
        "?2"
    ),
    release: concat!(
        "UPDATE ",
        jobs_by_id!("764"),
        " SET ",
        increment_fence!("j."),
        ", ",
        set_unclaimed!()
    ),
    set_metadata: "
        INSERT INTO {p}metadata (`key`, value) VALUES (?1, ?2) ON DUPLICATE KEY UPDATE value = ?2",
    add_metadata: "
        INSERT INTO {p}metadata (`key`, value) VALUES (?1, ?2)
        ON DUPLICATE KEY UPDATE value = {p}metadata.value",
    discard_run: sql::DISCARD_RUN,
    discard_entry: sql::DISCARD_ENTRY,
};

/// Renews the lease of a node if it has not expired: the values of `renewal_status`, and the new expiry.
pub(super) const RENEW_LEASE: &str = renew_lease!();

/// Id, task, revision, fence, next run time, due at, definition. An existing job is not changed.
pub(super) const ADD: [&str; 3] = [
    "INSERT INTO {p}jobs
         (id, task, revision, fence, lost_fence, next_run_time, due_at, definition) VALUES ",
    "(?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)",
    " ON DUPLICATE KEY UPDATE fence = fence",
];

/// Returns the fences of the jobs with the ids in a JSON array.
pub(super) const FENCES: &str = concat!("SELECT j.fence FROM ", jobs_by_id!("191"));

/// Now, limit, tasks as a JSON array or NULL. Locks the claimable jobs that are not locked, and stores their keys in a
/// variable. Since the fence is not in the index, jobs of other tasks are excluded by the index alone, before their
/// rows are locked.
pub(super) const LOCK_DUE: &str = concat!(
    "SELECT JSON_ARRAYAGG(d.key) INTO @punctual_due FROM (
         SELECT j.key, j.fence FROM {p}jobs AS j FORCE INDEX (due) WHERE ",
    is_claimable!(),
    " AND ",
    task_matches!("?3"),
    " ORDER BY j.due_at LIMIT ?2 FOR UPDATE SKIP LOCKED
     ) AS d"
);
/// Node, expiry of the claims. `lost_fence` is assigned before the fence on which it depends: no server guarantees an
/// order for an update of joined tables, but all use either this one or the old values.
pub(super) const CLAIM: &str = concat!(
    "UPDATE ",
    jobs_in_variable!("@punctual_due"),
    " SET ",
    set_claim!("j."),
    ", claimed_by = ?1, claimed_until = ?2"
);
/// Returns the jobs whose keys are in the variable.
pub(super) const CLAIMED: &str = record!(concat!("0 FROM ", jobs_in_variable!("@punctual_due")));
/// The values of `LOCK_DUE`, before its jobs are claimed. Returns whether more jobs may be due. If the limit was
/// reached, this is assumed; otherwise other jobs may be locked by concurrent transactions.
pub(super) const HAS_MORE_DUE: &str = concat!(
    "SELECT IF(COALESCE(JSON_LENGTH(@punctual_due), 0) >= ?2, 1, (
         SELECT COUNT(*) FROM (
             SELECT j.key FROM {p}jobs AS j FORCE INDEX (due) WHERE ",
    is_claimable!(),
    " AND ",
    task_matches!("?3"),
    " LIMIT ?2
         ) AS d
     ) > COALESCE(JSON_LENGTH(@punctual_due), 0))"
);

/// The commits of a group that settle claims, with their jobs; `place` is the index of a commit, starting at 1.
macro_rules! commits_in_variable {
    ($commits:literal) => {
        concat!(
            "JSON_TABLE(",
            $commits,
            ", '$[*]' COLUMNS (
                place FOR ORDINALITY,
                job VARCHAR(191) CHARACTER SET utf8mb4 PATH '$[0]',
                fence BIGINT PATH '$[1]',
                kind BIGINT PATH '$[2]',
                next_run_time BIGINT PATH '$[3]',
                due_at BIGINT PATH '$[4]',
                fire_count BIGINT PATH '$[5]'
            )) AS c
            STRAIGHT_JOIN {p}jobs AS j FORCE INDEX (id) ON j.id = CAST(c.job AS BINARY)"
        )
    };
}

// One statement settles all claims of a group, which takes the server a fraction of the time of a statement for each.

/// Stores rows of `commits::Settlement` in a variable.
pub(super) const SET_SETTLEMENTS: &str = "SET @punctual_settlements = CONVERT(?1 USING utf8mb4)";
/// Settles the claims that are open. Kinds are those of `commits::Settlement`.
pub(super) const SETTLE: &str = concat!(
    "UPDATE ",
    commits_in_variable!("@punctual_settlements"),
    " SET
        j.next_run_time = IF(c.kind = 2, j.next_run_time, c.next_run_time),
        j.due_at = IF(c.kind = 2, GREATEST(c.due_at, j.next_run_time), c.due_at),
        j.fire_count = COALESCE(c.fire_count, j.fire_count),
        j.finished = j.finished OR c.kind = 0,
        j.claims = IF(c.kind = 2, ",
    decremented_claims!("j."),
    ", 0), j.",
    set_unclaimed!(),
    " WHERE ",
    is_open!("j.", "c.fence")
);
/// Must follow `SETTLE`. If that has not settled all claims, returns the places of those that are settled, by it or by an
/// earlier call.
pub(super) const SETTLED: &str = concat!(
    "SELECT CAST(c.place AS SIGNED) FROM ",
    commits_in_variable!(
        "IF(ROW_COUNT() < JSON_LENGTH(@punctual_settlements), @punctual_settlements, '[]')"
    ),
    " WHERE ",
    was_settled!("j.", "c.fence"),
    " AND NOT ",
    is_open!("j.", "c.fence")
);

// The statements of other commits: job, its fence, and further values.

pub(super) const BRING_FORWARD: &str = "
    UPDATE {p}jobs
    SET due_at = IF(NOT claimed AND due_at > ?3, GREATEST(?3, next_run_time), due_at)
    WHERE id = ?1 AND fence = ?2";
/// Increases the fence, which ends a claim without settling it.
pub(super) const START_RUNS: &str = concat!(
    "UPDATE {p}jobs SET ",
    increment_fence!(""),
    ", ",
    set_unclaimed!(),
    " WHERE id = ?1 AND fence = ?2"
);

/// Records a run of the job `?1`, whose fence must be `?2`: run, scheduled time, attempt, node, fence. An existing run
/// is not changed. `ROW_COUNT()` can't be used instead of the guard: if the client is disconnected, the server
/// continues with the script, and the count may then be that of another statement.
macro_rules! record_run {
    ($guard:expr) => {
        concat!(
            "INSERT INTO {p}runs (job_id, run_id, scheduled_time, attempt, node, fence)
             SELECT j.id, ?3, ?4, ?5, ?6, ?7 FROM {p}jobs AS j WHERE j.id = ?1 AND ",
            $guard,
            " ON DUPLICATE KEY UPDATE attempt = {p}runs.attempt"
        )
    };
}

/// Must precede the statement that settles the claim.
pub(super) const RECORD_RUN: &str = record_run!(is_open!("j.", "?2"));
/// Must precede the statement that increases the fence.
pub(super) const RECORD_START: &str = record_run!("j.fence = ?2");
/// Job, runs as a JSON array. Returns a row if all of the runs are recorded.
pub(super) const RUNS_EXIST: &str = "
    SELECT 1
    FROM JSON_TABLE(CONVERT(?2 USING utf8mb4), '$[*]' COLUMNS (
        run VARCHAR(32) CHARACTER SET utf8mb4 PATH '$'
    )) AS c
    LEFT JOIN {p}runs AS r FORCE INDEX (PRIMARY)
        ON r.job_id = ?1 AND r.run_id = CAST(c.run AS BINARY)
    HAVING COUNT(*) = COUNT(r.run_id)";
/// Job, fence of the run, run.
pub(super) const CLEAR_RUN: &str = "
    DELETE FROM {p}runs WHERE job_id = ?1 AND run_id = ?3 AND fence = ?2";
/// Job, expected fence, new values of the run: run, scheduled time, attempt, node, fence. A run that has the new values
/// already is matched, too.
pub(super) const RETRY_RUN: &str = "
    UPDATE {p}runs SET scheduled_time = ?4, attempt = ?5, node = ?6, fence = ?7
    WHERE job_id = ?1 AND run_id = ?3 AND ((fence = ?2 AND ?7 > ?2)
        OR (scheduled_time = ?4 AND attempt = ?5 AND node = ?6 AND fence = ?7))";

// The statements for several jobs, whose ids are a JSON array.

/// Locks the jobs until the end of the transaction.
pub(super) const LOCK_JOBS: &str =
    concat!("SELECT COUNT(*) FROM ", jobs_by_id!("191"), " FOR UPDATE");
/// Selects finished jobs without runs, and stores their keys in a variable.
pub(super) const SELECT_COMPLETED: &str = concat!(
    "SELECT JSON_ARRAYAGG(j.key) INTO @punctual_over FROM ",
    jobs_by_id!("191"),
    " WHERE j.finished AND NOT EXISTS (SELECT 1 FROM {p}runs AS r WHERE r.job_id = j.id)"
);
/// Returns the ids of these jobs.
pub(super) const COMPLETED_IDS: &str =
    concat!("SELECT j.id FROM ", jobs_in_variable!("@punctual_over"));
pub(super) const DELETE_COMPLETED: &str =
    concat!("DELETE j FROM ", jobs_in_variable!("@punctual_over"));
