//! The statements that the shared code runs, and what those of all dialects say alike.
//!
//! `{p}` is the table prefix, `?1` the first value.

/// One of each per dialect.
pub(crate) struct Statements {
    /// Id, the revision that it must have, whether there is a new schedule, its run time and its due time,
    /// the new task or none, whether fires are counted anew, whether the run time must still be a certain one,
    /// and which. One row is changed if all this holds.
    pub(crate) update: &'static str,
    /// Id, definition.
    pub(crate) update_definition: &'static str,
    /// Ids as a JSON array; answers those of the jobs that are there, and holds them.
    pub(crate) hold: &'static str,
    /// Ids as a JSON array; the jobs with their definitions.
    pub(crate) remove: &'static str,
    /// Ids as a JSON array; the runs of these jobs.
    pub(crate) remove_runs: &'static str,
    /// Id; answers rows as [`rows::stored`](crate::rows::stored) reads them.
    pub(crate) get: &'static str,

    // The list in two parts, each along the index: first the jobs with a time, then those without.
    // Each with a limit, and then the run time if there is one and the id of the job before; they answer records.
    pub(crate) list_scheduled: &'static str,
    pub(crate) list_scheduled_after: &'static str,
    pub(crate) list_unscheduled: &'static str,
    pub(crate) list_unscheduled_after: &'static str,

    /// Tasks as a JSON array or none; answers a row with the instant at which a job can be claimed, or none.
    pub(crate) next_wakeup: &'static str,
    /// Answers what time it is there; none where that is this machine's.
    pub(crate) time: Option<&'static str>,

    /// Node, now, tasks as a JSON array or none; answers what a node must know: the instant of `next_wakeup`, whether
    /// other nodes have left runs or claims behind, the time if the database's clock counts.
    pub(crate) look: &'static str,
    /// Node, until when it is alive.
    pub(crate) renew: &'static str,
    /// Those that have been dead since before this instant.
    pub(crate) forget_nodes: &'static str,
    /// Now, limit, tasks as a JSON array or none; answers records, each with a run whose node is dead. For a
    /// transaction that will take them over: others pass over them.
    pub(crate) orphans: &'static str,
    /// The same for claims: answers the ids of the jobs, and the nodes.
    pub(crate) orphaned_claims: &'static str,
    /// Pairs of job and run as a JSON array, node.
    pub(crate) take_over: &'static str,
    /// Ids as a JSON array; ends their claims and raises their fences.
    pub(crate) release: &'static str,

    /// Key, value.
    pub(crate) set_metadata: &'static str,
    /// The same, but one that is there stays.
    pub(crate) add_metadata: &'static str,
    /// Job, run; those of a run in flight.
    pub(crate) discard_run: &'static str,
    /// End, run, attempt.
    pub(crate) discard_entry: &'static str,
}

/// Whether the lease of a node is one, and lasts: a lease that can't be counts as none.
macro_rules! is_alive {
    ($now:literal) => {
        concat!("alive_until > ", $now, " AND alive_until <= 253402300799999999 AND NOT revoked")
    };
}

/// The nodes that are alive.
macro_rules! living {
    ($now:literal) => {
        concat!("SELECT id FROM {p}nodes WHERE ", $crate::sql::is_alive!($now))
    };
}

/// Whether this node is dead, or not known at all.
macro_rules! is_dead {
    ($node:literal, $now:literal) => {
        concat!($node, " NOT IN (", $crate::sql::living!($now), ")")
    };
}

/// Lets a node that is alive live on: node, now, another value, until when.
macro_rules! prolong {
    () => {
        concat!(
            "UPDATE {p}nodes SET alive_until = ?4 WHERE id = ?1 AND ",
            $crate::sql::is_alive!("?2")
        )
    };
}

/// A record as `rows::record` reads it, and more, from `jobs AS j`: with where its definition is.
macro_rules! select_record {
    ($definition:expr, $rest:expr) => {
        concat!(
            "SELECT j.id, j.task, ",
            $definition,
            ", j.revision, j.fence, j.next_run_time, j.due_at, j.fire_count, j.finished, j.claims,
                (SELECT count(*) FROM {p}runs AS r WHERE r.job_id = j.id), ",
            $rest
        )
    };
}

/// The rows that `rows::stored` reads, in one statement and so as of one moment: the record with its claim, as it is
/// selected, and the runs, with their columns.
macro_rules! select_stored {
    ($record:ident, $run:expr) => {
        concat!(
            $record!(
                "j.lost_fence, j.claimed, j.claimed_by, j.claimed_until, NULL, NULL, NULL, NULL, NULL
                 FROM {p}jobs AS j WHERE j.id = ?1"
            ),
            " UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                 NULL, NULL, NULL, NULL, ",
            $run,
            " FROM {p}runs AS r WHERE r.job_id = ?1"
        )
    };
}

// What becomes of a job, as `StoredJob` has it: parts of `SET`, in which `$j` is `""` or the table's name with its dot.
// They stand in this order where there are several, since MySQL sees what was set before.

/// Raises the fence, and ends a claim unsettled. What can't be a fence stays as it is.
macro_rules! raise_fence {
    ($j:literal) => {
        concat!(
            "lost_fence = CASE WHEN ",
            $j,
            "claimed THEN ",
            $j,
            "fence ELSE ",
            $j,
            "lost_fence END, fence = ",
            $crate::sql::next!($j, "fence", "4611686018427387904")
        )
    };
}

/// The number after one that is from 0 to `$max`; any other stays as it is.
macro_rules! next {
    ($j:literal, $number:literal, $max:literal) => {
        concat!(
            "CASE WHEN ",
            $j,
            $number,
            " BETWEEN 0 AND ",
            $max,
            " THEN ",
            $j,
            $number,
            " + 1 ELSE ",
            $j,
            $number,
            " END"
        )
    };
}

/// Raises the fence and counts the claim; who has claimed the job, and until when, follow.
macro_rules! set_claim {
    ($j:literal) => {
        concat!(
            $crate::sql::raise_fence!($j),
            ", claims = ",
            $crate::sql::next!($j, "claims", "4294967294"),
            ", claimed = TRUE"
        )
    };
}

/// The claim is gone. Whose it was stays there, so that the row keeps its size.
macro_rules! set_unclaimed {
    () => {
        "claimed = FALSE"
    };
}

/// Counts the claim as if it had not been made.
macro_rules! set_uncounted {
    ($j:literal) => {
        concat!(
            "claims = CASE WHEN ",
            $j,
            "claims > 0 THEN ",
            $j,
            "claims - 1 ELSE ",
            $j,
            "claims END"
        )
    };
}

/// Gives a run to another node, which follows.
macro_rules! set_taken {
    ($r:literal) => {
        concat!(
            "fence = ",
            $crate::sql::next!($r, "fence", "4611686018427387904"),
            ", attempt = ",
            $crate::sql::next!($r, "attempt", "4294967294"),
            ", node = "
        )
    };
}

/// The statement `update`; with how to say that the run time is `?9`, which may be none.
macro_rules! update {
    ($same:literal) => {
        concat!(
            "UPDATE {p}jobs SET ",
            $crate::sql::raise_fence!(""),
            ", ",
            $crate::sql::set_unclaimed!(),
            ", revision = ",
            $crate::sql::next!("", "revision", "4611686018427387904"),
            ", task = coalesce(?6, task),
                fire_count = CASE WHEN ?7 THEN 0 ELSE fire_count END,
                claims = CASE WHEN ?3 THEN 0 ELSE claims END,
                finished = finished AND NOT (?3 AND ?4 IS NOT NULL),
                due_at = CASE WHEN ?3 THEN ?5 ELSE next_run_time END,
                next_run_time = CASE WHEN ?3 THEN ?4 ELSE next_run_time END
            WHERE id = ?1 AND revision = ?2 AND (NOT ?8 OR ",
            $same,
            ")"
        )
    };
}

/// Whether a job can be claimed at `?1`.
macro_rules! is_claimable {
    () => {
        "j.due_at <= ?1 AND (NOT j.claimed OR coalesce(j.claimed_until, ?1) <= ?1)"
    };
}

/// Where claims are sought whose nodes are dead: among the first jobs that are due, since whatever stands behind so
/// many is not claimed before those are, and so it does not matter yet who has it. A node whose clock is ahead has
/// claimed what is not due yet by others', and so a minute more is looked at.
macro_rules! first_due {
    ($jobs:literal, $columns:literal, $now:literal, $which:expr) => {
        concat!(
            "(SELECT ",
            $columns,
            ", j.claimed, j.claimed_by FROM ",
            $jobs,
            " WHERE j.due_at <= ",
            $now,
            " + 60000000 AND ",
            $which,
            " ORDER BY j.due_at LIMIT 1000) AS front"
        )
    };
}

/// The columns of a run where its id is a text.
macro_rules! run_columns {
    () => {
        "r.run_id, r.scheduled_time, r.attempt, r.node, r.fence"
    };
}

/// A part of the list, of SQLite and PostgreSQL: which jobs, and along which of the index's columns.
macro_rules! list {
    ($record:ident, $which:literal, $order:literal) => {
        $record!(concat!("0 FROM {p}jobs AS j WHERE ", $which, " ORDER BY ", $order, " LIMIT ?1"))
    };
}

/// Whether the claim with this fence can be settled: it is open.
macro_rules! is_open {
    ($j:literal, $fence:literal) => {
        concat!("(", $j, "fence = ", $fence, " AND ", $j, "claimed)")
    };
}

/// Whether the claim with this fence, which is not open, was settled.
macro_rules! was_settled {
    ($j:literal, $fence:literal) => {
        concat!("(", $j, "lost_fence < ", $fence, " AND ", $fence, " <= ", $j, "fence)")
    };
}

pub(crate) use {
    first_due, is_alive, is_claimable, is_dead, is_open, list, living, next, prolong, raise_fence,
    run_columns, select_record, select_stored, set_claim, set_taken, set_unclaimed, set_uncounted,
    update, was_settled,
};

/// The revision and the run time of a job.
pub(crate) const REVISION: &str = "SELECT revision, next_run_time FROM {p}jobs WHERE id = ?1";

/// Node, now; answers a row if the node is known and dead.
pub(crate) const HAS_EXPIRED: &str =
    concat!("SELECT 1 FROM {p}nodes WHERE id = ?1 AND NOT (", is_alive!("?2"), ")");

/// Node, now; revokes the lease of a node that is dead, which stays so until it renews. The row is held from then on.
pub(crate) const REVOKE: &str =
    concat!("UPDATE {p}nodes SET revoked = TRUE WHERE id = ?1 AND NOT (", is_alive!("?2"), ")");

/// Now; answers the nodes that are alive.
pub(crate) const LIVING: &str = living!("?1");

/// Answers all keys and values, in the order of the keys' bytes. The table stands before the names, which are words of
/// MySQL's.
pub(crate) const METADATA: &str = "SELECT m.key, m.value FROM {p}metadata AS m ORDER BY m.key";

pub(crate) const DISCARD_NODE: &str = "DELETE FROM {p}nodes WHERE id = ?1";

pub(crate) const DISCARD_METADATA: &str = "DELETE FROM {p}metadata WHERE {p}metadata.key = ?1";

// What is alike in SQLite and PostgreSQL, for their `Statements`.

pub(crate) const RENEW: &str = "
    INSERT INTO {p}nodes (id, alive_until, revoked) VALUES (?1, ?2, FALSE)
    ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until, revoked = FALSE";

pub(crate) const SET_METADATA: &str = "
    INSERT INTO {p}metadata (key, value) VALUES (?1, ?2)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value";

pub(crate) const ADD_METADATA: &str =
    "INSERT INTO {p}metadata (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING";

// In SQLite and MySQL.

pub(crate) const DISCARD_RUN: &str = "DELETE FROM {p}runs WHERE job_id = ?1 AND run_id = ?2";

pub(crate) const DISCARD_ENTRY: &str =
    "DELETE FROM {p}history WHERE finished = ?1 AND run_id = ?2 AND attempt = ?3";

/// The statements about the table `{p}history`; one of each per dialect that has it. Its key is `finished`,
/// `run_id` and `attempt`.
pub(crate) struct HistoryStatements {
    /// Limit, the first and the last instant of the end, end and run and attempt of the entry before (far
    /// in the future if there is none), outcomes as a JSON array or null for all. Answers the columns that
    /// [`rows::entry`](crate::rows::entry) reads, newest first.
    pub(crate) read: &'static str,
    /// The same, and the job.
    pub(crate) read_of_job: &'static str,
    /// An instant, limit: deletes the oldest that ended before it.
    pub(crate) forget_before: &'static str,
    /// Jobs as a JSON array, how many entries of each stay, limit.
    pub(crate) forget_beyond: &'static str,
}
