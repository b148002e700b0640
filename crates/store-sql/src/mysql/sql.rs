//! All SQL that is run against MySQL and MariaDB, apart from the tables themselves (`schema.rs`): what both
//! understand.
//!
//! Whatever holds several rows holds a job before its runs, and jobs in the order of their ids.

mod history;
mod session;

pub(super) use self::history::{HISTORY, RECORD_HISTORY};
pub(super) use self::session::{
    BEGIN, BEGIN_SNAPSHOT, COMMIT, LOCK, READ_COMMITTED, SERVER, SETTINGS, START, UNLOCK,
};

use crate::sql::{
    self, Statements, first_due, is_claimable, is_dead, is_open, prolong, raise_fence, run_columns,
    select_record, select_stored, set_claim, set_taken, set_unclaimed, set_uncounted, update,
    was_settled,
};

macro_rules! record {
    ($rest:expr) => {
        select_record!("j.definition", $rest)
    };
}

/// Whether a job is of one of the tasks in this JSON array, or may be of any. With a join in its place an index
/// would not be gone through in its order any more.
macro_rules! is_of {
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

/// What time it is, in microseconds.
macro_rules! time {
    () => {
        "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))"
    };
}

/// From when a job of these tasks can be claimed. Claims are made in the order of `due_at`, so that those that are
/// open are the first in the index, and those with the `due_at` of the first that nobody has claimed are no sooner.
/// That one stands in a query of its own without a table, whose one row is known before the other table is looked
/// at: so only this part of the index is read.
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
            is_of!($tasks),
            " AND NOT j.claimed ORDER BY j.due_at LIMIT 1
                 ), 9223372036854775807) AS due_at
             ) AS free
             LEFT JOIN {p}jobs AS j FORCE INDEX (due) ON j.due_at < free.due_at AND ",
            is_of!($tasks),
            " AND j.claimed)"
        )
    };
}

/// What the node `?1` must know at `?2`, of the tasks `?3`.
macro_rules! look {
    () => {
        concat!(
            next_wakeup!("?3"),
            ", EXISTS (
                SELECT 1 FROM {p}runs AS r STRAIGHT_JOIN {p}jobs AS j FORCE INDEX (id) ON j.id = r.job_id
                WHERE r.node <> ?1 AND ",
            is_dead!("r.node", "?2"),
            " AND ",
            is_of!("?3"),
            ") OR EXISTS (SELECT 1 FROM ",
            first_due!("{p}jobs AS j FORCE INDEX (due)", "j.key", "?2", is_of!("?3")),
            " WHERE front.claimed AND front.claimed_by <> ?1 AND ",
            is_dead!("front.claimed_by", "?2"),
            "), ",
            time!()
        )
    };
}

/// The names in the JSON array `?1`, in its order. The array is in a query of its own because MySQL would hold it
/// too, and then says that it can't.
macro_rules! given {
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

/// The jobs of these ids. With a list in place of the array, all jobs would be read where there are few, and all that
/// are read are held.
macro_rules! given_jobs {
    ($length:literal) => {
        concat!(
            given!($length),
            " STRAIGHT_JOIN {p}jobs AS j FORCE INDEX (id) ON j.id = CAST(c.job AS BINARY)"
        )
    };
}

/// The jobs whose keys are kept in this variable.
macro_rules! kept_jobs {
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
    // These also find ids that are too long to be one.
    hold: concat!("SELECT j.id FROM ", given_jobs!("764"), " FOR UPDATE"),
    remove: concat!("DELETE j FROM ", given_jobs!("764")),
    remove_runs: concat!(
        "DELETE r FROM ",
        given!("764"),
        " STRAIGHT_JOIN {p}runs AS r FORCE INDEX (PRIMARY) ON r.job_id = CAST(c.job AS BINARY)"
    ),
    get: select_stored!(record, run_columns!()),
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
    look: concat!("SELECT ", look!()),
    renew: "
        INSERT INTO {p}nodes (id, alive_until, revoked) VALUES (?1, ?2, FALSE)
        ON DUPLICATE KEY UPDATE alive_until = ?2, revoked = FALSE",
    // Without waiting for nodes that are alive and just say so: they wait for each other then.
    forget_nodes: "
        DELETE n FROM (
            SELECT DISTINCT id FROM {p}nodes WHERE alive_until < ?1 FOR UPDATE SKIP LOCKED
        ) AS dead
        STRAIGHT_JOIN {p}nodes AS n FORCE INDEX (PRIMARY) ON n.id = dead.id",
    // Only the runs are held: whoever held jobs too would pass over the runs of a job that is busy just now.
    orphans: record!(concat!(
        run_columns!(),
        " FROM (
             SELECT r.job_id, r.run_id, r.scheduled_time, r.attempt, r.node, r.fence FROM {p}runs AS r
             WHERE ",
        is_dead!("r.node", "?1"),
        " AND (?3 IS NULL OR (SELECT ",
        is_of!("?3"),
        " FROM {p}jobs AS j WHERE j.id = r.job_id))
             ORDER BY r.scheduled_time LIMIT ?2 FOR UPDATE SKIP LOCKED
         ) AS r STRAIGHT_JOIN {p}jobs AS j FORCE INDEX (id) ON j.id = r.job_id"
    )),
    // They are sought without holding what stands between them.
    orphaned_claims: concat!(
        "SELECT j.id, j.claimed_by FROM (
             SELECT front.key FROM ",
        first_due!("{p}jobs AS j FORCE INDEX (due)", "j.key", "?1", is_of!("?3")),
        " WHERE front.claimed AND ",
        is_dead!("front.claimed_by", "?1"),
        " LIMIT ?2
         ) AS c STRAIGHT_JOIN {p}jobs AS j FORCE INDEX (PRIMARY) ON j.key = c.key
         WHERE j.claimed AND ",
        is_dead!("j.claimed_by", "?1"),
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
        set_taken!("r."),
        "?2"
    ),
    release: concat!(
        "UPDATE ",
        given_jobs!("764"),
        " SET ",
        raise_fence!("j."),
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

/// Lets a node that is alive live on: the values of `look`, and until when.
pub(super) const PROLONG: &str = prolong!();

/// Id, task, revision, fence, next run time, due at, definition. A job that is there stays as it is.
pub(super) const ADD: [&str; 3] = [
    "INSERT INTO {p}jobs
         (id, task, revision, fence, lost_fence, next_run_time, due_at, definition) VALUES ",
    "(?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)",
    " ON DUPLICATE KEY UPDATE fence = fence",
];

/// The fences of the jobs of a JSON array of ids.
pub(super) const FENCES: &str = concat!("SELECT j.fence FROM ", given_jobs!("191"));

/// Now, limit, tasks as a JSON array or none. Holds the jobs that can be claimed and that nobody else holds, and
/// keeps their keys. Since the fence is not in the index, jobs of other tasks are told by the index alone before
/// they are held.
pub(super) const HOLD_DUE: &str = concat!(
    "SELECT JSON_ARRAYAGG(d.key) INTO @punctual_due FROM (
         SELECT j.key, j.fence FROM {p}jobs AS j FORCE INDEX (due) WHERE ",
    is_claimable!(),
    " AND ",
    is_of!("?3"),
    " ORDER BY j.due_at LIMIT ?2 FOR UPDATE SKIP LOCKED
     ) AS d"
);
/// Node, until when. The fence that is lost is set before what it is set from: no server promises an order where
/// two tables are joined, but all take either this one or the values from before.
pub(super) const CLAIM: &str = concat!(
    "UPDATE ",
    kept_jobs!("@punctual_due"),
    " SET ",
    set_claim!("j."),
    ", claimed_by = ?1, claimed_until = ?2"
);
/// The jobs whose keys are kept.
pub(super) const CLAIMED: &str = record!(concat!("0 FROM ", kept_jobs!("@punctual_due")));
/// The values of `HOLD_DUE`, before those that it holds are claimed; answers whether more may be due. Where it holds
/// as many as it may nobody looks; where it holds fewer, others may hold some.
pub(super) const MORE: &str = concat!(
    "SELECT IF(COALESCE(JSON_LENGTH(@punctual_due), 0) >= ?2, 1, (
         SELECT COUNT(*) FROM (
             SELECT j.key FROM {p}jobs AS j FORCE INDEX (due) WHERE ",
    is_claimable!(),
    " AND ",
    is_of!("?3"),
    " LIMIT ?2
         ) AS d
     ) > COALESCE(JSON_LENGTH(@punctual_due), 0))"
);

// The steps of commits: job, its fence, and what the step is about.

pub(super) const ADVANCE: &str = concat!(
    "UPDATE {p}jobs SET next_run_time = ?3, due_at = ?4, fire_count = ?5, claims = 0, ",
    set_unclaimed!(),
    " WHERE id = ?1 AND ",
    is_open!("", "?2")
);
pub(super) const FINISH: &str = concat!(
    "UPDATE {p}jobs SET next_run_time = NULL, due_at = NULL, finished = TRUE, claims = 0, ",
    set_unclaimed!(),
    " WHERE id = ?1 AND ",
    is_open!("", "?2")
);
pub(super) const POSTPONE: &str = concat!(
    "UPDATE {p}jobs SET due_at = GREATEST(?3, next_run_time), ",
    set_uncounted!(""),
    ", ",
    set_unclaimed!(),
    " WHERE id = ?1 AND ",
    is_open!("", "?2")
);
pub(super) const HASTEN: &str = "
    UPDATE {p}jobs
    SET due_at = IF(NOT claimed AND due_at > ?3, GREATEST(?3, next_run_time), due_at)
    WHERE id = ?1 AND fence = ?2";
/// Raises the fence and ends a claim unsettled.
pub(super) const START_RUNS: &str = concat!(
    "UPDATE {p}jobs SET ",
    raise_fence!(""),
    ", ",
    set_unclaimed!(),
    " WHERE id = ?1 AND fence = ?2"
);

/// A run of the job `?1`, whose fence must be `?2`: run, scheduled time, attempt, node, fence. A run that is there
/// stays as it is. `ROW_COUNT()` would not do: the server goes on when its client is gone, and the count is then not that
/// of the statement before.
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

/// Before the claim is settled.
pub(super) const RECORD_RUN: &str = record_run!(is_open!("j.", "?2"));
/// Before the fence is raised.
pub(super) const RECORD_START: &str = record_run!("j.fence = ?2");
/// Job, runs as a JSON array; answers a row if all of them are recorded.
pub(super) const ARE_RECORDED: &str = "
    SELECT 1
    FROM JSON_TABLE(CONVERT(?2 USING utf8mb4), '$[*]' COLUMNS (
        run VARCHAR(32) CHARACTER SET utf8mb4 PATH '$'
    )) AS c
    LEFT JOIN {p}runs AS r FORCE INDEX (PRIMARY)
        ON r.job_id = ?1 AND r.run_id = CAST(c.run AS BINARY)
    HAVING COUNT(*) = COUNT(r.run_id)";
/// Run, whose fence it is.
pub(super) const CLEAR_RUN: &str = "
    DELETE FROM {p}runs WHERE job_id = ?1 AND run_id = ?3 AND fence = ?2";
/// The run as it is from then on: run, scheduled time, attempt, node, fence. One that is like this already is found,
/// too.
pub(super) const RETRY_RUN: &str = "
    UPDATE {p}runs SET scheduled_time = ?4, attempt = ?5, node = ?6, fence = ?7
    WHERE job_id = ?1 AND run_id = ?3 AND ((fence = ?2 AND ?7 > ?2)
        OR (scheduled_time = ?4 AND attempt = ?5 AND node = ?6 AND fence = ?7))";

/// Rows `[id, fence]`; answers the places of those whose claim was settled, from 1 on.
pub(super) const SETTLED: &str = concat!(
    "SELECT CAST(c.place AS SIGNED)
     FROM JSON_TABLE(CONVERT(?1 USING utf8mb4), '$[*]' COLUMNS (
         place FOR ORDINALITY,
         job VARCHAR(191) CHARACTER SET utf8mb4 PATH '$[0]',
         fence BIGINT PATH '$[1]'
     )) AS c
     STRAIGHT_JOIN {p}jobs AS j FORCE INDEX (id) ON j.id = CAST(c.job AS BINARY)
     WHERE ",
    was_settled!("j.", "c.fence"),
    " AND NOT ",
    is_open!("j.", "c.fence")
);

// The steps for many jobs: a JSON array of their ids.

/// Keeps others from changing them until the end.
pub(super) const HOLD: &str = concat!("SELECT COUNT(*) FROM ", given_jobs!("191"), " FOR UPDATE");
/// A finished job leaves with its last run: keeps the keys of those that do.
pub(super) const OVER: &str = concat!(
    "SELECT JSON_ARRAYAGG(j.key) INTO @punctual_over FROM ",
    given_jobs!("191"),
    " WHERE j.finished AND NOT EXISTS (SELECT 1 FROM {p}runs AS r WHERE r.job_id = j.id)"
);
/// Answers their ids.
pub(super) const LEAVING: &str = concat!("SELECT j.id FROM ", kept_jobs!("@punctual_over"));
pub(super) const LEAVE: &str = concat!("DELETE j FROM ", kept_jobs!("@punctual_over"));
