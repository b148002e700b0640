//! The statements that the shared code executes, and the SQL fragments that the dialects have in common.
//!
//! `{p}` is the table prefix, `?1` the first value. The documentation of a statement lists its values.

/// The statements of a dialect.
pub(crate) struct Statements {
    /// Id, the expected revision, whether the schedule changes, the new run time and due time, the new task or NULL,
    /// whether the fire count is reset, whether the run time must equal an expected one, and the expected run time.
    /// Changes one row if all conditions are met.
    pub(crate) update: &'static str,
    /// Id, definition.
    pub(crate) update_definition: &'static str,
    /// Ids as a JSON array. Locks the existing jobs and returns their ids.
    pub(crate) lock_jobs: &'static str,
    /// Ids as a JSON array. Deletes the jobs with their definitions.
    pub(crate) remove: &'static str,
    /// Ids as a JSON array. Deletes the runs of these jobs.
    pub(crate) remove_runs: &'static str,
    /// Id. Returns the rows that [`rows::stored`](crate::rows::stored) reads.
    pub(crate) get: &'static str,

    // The list in two parts, each along the index: first the jobs with a run time, then those without. The values are
    // a limit and, for `.._after`, the run time if there is one, and the id of the previous job. They return records.
    pub(crate) list_scheduled: &'static str,
    pub(crate) list_scheduled_after: &'static str,
    pub(crate) list_unscheduled: &'static str,
    pub(crate) list_unscheduled_after: &'static str,

    /// Tasks as a JSON array or NULL. Returns one row: the earliest instant at which a job can be claimed, or NULL.
    pub(crate) next_wakeup: &'static str,
    /// Returns the time of the database's clock; `None` if it is the clock of this machine.
    pub(crate) time: Option<&'static str>,

    /// Node, now, tasks as a JSON array or NULL. Returns one row: the instant of `next_wakeup`, whether other nodes
    /// have orphaned runs or claims, and the time of the database's clock or NULL.
    pub(crate) renewal_status: &'static str,
    /// Node, expiry of its lease.
    pub(crate) renew: &'static str,
    /// Deletes the leases that expired before this instant.
    pub(crate) purge_nodes: &'static str,
    /// Now, limit, tasks as a JSON array or NULL, node or an empty text. Returns records, each with a run of that node, or of
    /// one that has expired if the text is empty. The rows are locked for the take-over; locked rows are skipped.
    pub(crate) orphans: &'static str,
    /// The same for claims: returns the ids of the jobs, and the nodes.
    pub(crate) orphaned_claims: &'static str,
    /// Pairs of job and run as a JSON array, node.
    pub(crate) take_over: &'static str,
    /// Ids as a JSON array. Ends the claims of these jobs and increases their fences.
    pub(crate) release: &'static str,

    /// Key, value.
    pub(crate) set_metadata: &'static str,
    /// Key, value. An existing key is not changed.
    pub(crate) add_metadata: &'static str,
    /// Job and run of a run in flight.
    pub(crate) discard_run: &'static str,
    /// Finish time, run and attempt of a history entry.
    pub(crate) discard_entry: &'static str,
}

/// Whether the lease is valid and unexpired. Values out of range count as expired.
macro_rules! is_alive {
    ($now:literal) => {
        concat!("alive_until > ", $now, " AND alive_until <= 253402300799999999 AND NOT revoked")
    };
}

/// Selects the nodes with a valid lease.
macro_rules! live_nodes {
    ($now:literal) => {
        concat!("SELECT id FROM {p}nodes WHERE ", $crate::sql::is_alive!($now))
    };
}

/// Whether the lease of this node is missing or expired.
macro_rules! is_dead {
    ($node:literal, $now:literal) => {
        concat!($node, " NOT IN (", $crate::sql::live_nodes!($now), ")")
    };
}

/// Whether the claims and runs of `$node` are to be taken over: it is `$of`, or has expired if that is empty.
macro_rules! is_orphaned {
    ($node:literal, $now:literal, $of:literal) => {
        concat!(
            "(",
            $node,
            " = ",
            $of,
            " OR ",
            $of,
            " = '' AND ",
            $crate::sql::is_dead!($node, $now),
            ")"
        )
    };
}

/// Renews the lease of a node if it has not expired: node, now, another value, new expiry.
macro_rules! renew_lease {
    () => {
        concat!(
            "UPDATE {p}nodes SET alive_until = ?4 WHERE id = ?1 AND ",
            $crate::sql::is_alive!("?2")
        )
    };
}

/// Selects a record as `rows::record` reads it, and further columns, from `jobs AS j`. `$definition` is the column of
/// the definition.
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

/// Selects the rows that `rows::stored` reads, in one statement and therefore as of one moment: the record with its
/// claim, and the runs with the columns `$run`.
macro_rules! select_stored {
    ($record:ident, $jobs:literal, $run:expr) => {
        concat!(
            $record!(concat!(
                "j.lost_fence, j.claimed, j.claimed_by, j.claimed_until, NULL, NULL, NULL, NULL, NULL
                 FROM ",
                $jobs,
                " AS j WHERE j.id = ?1"
            )),
            " UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                 NULL, NULL, NULL, NULL, ",
            $run,
            " FROM {p}runs AS r WHERE r.job_id = ?1"
        )
    };
}

// State transitions of a job, as in `StoredJob`: fragments of `SET`, in which `$j` is `""` or the table's name with a
// dot. If a statement uses several, they must be in this order, because MySQL evaluates assignments sequentially.

/// Increases the fence, and ends a claim without settling it. An invalid fence is not changed.
macro_rules! increment_fence {
    ($j:literal) => {
        concat!(
            "lost_fence = CASE WHEN ",
            $j,
            "claimed THEN ",
            $j,
            "fence ELSE ",
            $j,
            "lost_fence END, fence = ",
            $crate::sql::increment!($j, "fence", "4611686018427387904")
        )
    };
}

/// Increments a number from 0 to `$max`; other numbers are not changed.
macro_rules! increment {
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

/// The number of claims, decremented.
macro_rules! decremented_claims {
    ($j:literal) => {
        concat!("CASE WHEN ", $j, "claims > 0 THEN ", $j, "claims - 1 ELSE ", $j, "claims END")
    };
}

/// The assignments of the statement `update`. Without a new schedule (`?3`) an open claim remains valid: `$kept` is the
/// fence that the row has in this case.
macro_rules! set_update {
    ($j:literal, $kept:literal) => {
        concat!(
            "lost_fence = CASE WHEN ",
            $j,
            "claimed AND ?3 THEN ",
            $j,
            "fence ELSE ",
            $j,
            "lost_fence END, fence = CASE WHEN ",
            $j,
            "claimed AND NOT ?3 THEN ",
            $kept,
            " ELSE ",
            $crate::sql::increment!($j, "fence", "4611686018427387904"),
            " END, revision = ",
            $crate::sql::increment!($j, "revision", "4611686018427387904"),
            ", task = coalesce(?6, ",
            $j,
            "task), fire_count = coalesce(?7, ",
            $j,
            "fire_count), claims = CASE WHEN ?3 THEN 0 ELSE ",
            $j,
            "claims END, finished = ",
            $j,
            "finished AND NOT (?3 AND ?4 IS NOT NULL), due_at = CASE WHEN ?3 THEN ?5 WHEN ",
            $j,
            "claimed THEN ",
            $j,
            "due_at ELSE ",
            $j,
            "next_run_time END, next_run_time = CASE WHEN ?3 THEN ?4 ELSE ",
            $j,
            "next_run_time END"
        )
    };
}

/// The condition of the statement `update`. `$same` compares the run time with `?9`, which may be NULL.
macro_rules! is_expected {
    ($j:literal, $same:literal) => {
        concat!($j, "id = ?1 AND ", $j, "revision = ?2 AND (NOT ?8 OR ", $same, ")")
    };
}

/// Assigns a run to another node; must be followed by the node.
macro_rules! set_run_owner {
    ($r:literal) => {
        concat!(
            "fence = ",
            $crate::sql::increment!($r, "fence", "4611686018427387904"),
            ", attempt = ",
            $crate::sql::increment!($r, "attempt", "4294967294"),
            ", node = "
        )
    };
}

/// Whether a job can be claimed at `?1`.
macro_rules! is_claimable {
    () => {
        "j.due_at <= ?1 AND (NOT j.claimed OR coalesce(j.claimed_until, ?1) <= ?1)"
    };
}

/// The columns of a run, for databases that store its id as text.
macro_rules! run_columns {
    () => {
        "r.run_id, r.scheduled_time, r.attempt, r.node, r.fence"
    };
}

/// A part of the list, for SQLite and PostgreSQL: the condition, and the columns of the index.
macro_rules! list {
    ($record:ident, $jobs:literal, $which:literal, $order:literal) => {
        $record!(concat!(
            "0 FROM ",
            $jobs,
            " AS j WHERE ",
            $which,
            " ORDER BY ",
            $order,
            " LIMIT ?1"
        ))
    };
}

/// Whether the claim with this fence, which is not open, has been settled.
macro_rules! was_settled {
    ($j:literal, $fence:literal) => {
        concat!("(", $j, "lost_fence < ", $fence, " AND ", $fence, " <= ", $j, "fence)")
    };
}

// For MySQL and PostgreSQL, which store a claim in columns of its job.

/// Ends the claim. The columns with its node and expiry are kept, so that the size of the row does not change.
macro_rules! set_unclaimed {
    () => {
        "claimed = FALSE"
    };
}

/// The statement `update`. `claimed` is assigned after the expressions that read it.
macro_rules! update {
    ($same:literal) => {
        concat!(
            "UPDATE {p}jobs SET ",
            $crate::sql::set_update!("", "fence"),
            ", claimed = claimed AND NOT ?3 WHERE ",
            $crate::sql::is_expected!("", $same)
        )
    };
}

pub(crate) use {
    decremented_claims, increment, increment_fence, is_alive, is_claimable, is_dead, is_expected,
    is_orphaned, list, live_nodes, renew_lease, run_columns, select_record, select_stored,
    set_run_owner, set_unclaimed, set_update, update, was_settled,
};

/// Selects the revision and the run time of a job.
pub(crate) const REVISION: &str = "SELECT revision, next_run_time FROM {p}jobs WHERE id = ?1";

/// Node, now. Returns a row if the node has a lease that has expired.
pub(crate) const HAS_EXPIRED: &str =
    concat!("SELECT 1 FROM {p}nodes WHERE id = ?1 AND NOT (", is_alive!("?2"), ")");

/// Node. Locks its lease, so that a renewal waits for the end of the transaction.
pub(crate) const LOCK_LEASE: &str = "UPDATE {p}nodes SET revoked = revoked WHERE id = ?1";

/// Node, expiry. Returns a row if the node has this lease.
pub(crate) const HAS_LEASE: &str =
    "SELECT 1 FROM {p}nodes WHERE id = ?1 AND alive_until = ?2 AND NOT revoked";

/// Node, now. Revokes the lease of a node if it has expired; it stays expired until it is renewed. The row is locked.
pub(crate) const REVOKE: &str =
    concat!("UPDATE {p}nodes SET revoked = TRUE WHERE id = ?1 AND NOT (", is_alive!("?2"), ")");

/// Now. Returns the nodes with a valid lease.
pub(crate) const LIVE_NODES: &str = live_nodes!("?1");

/// Returns all keys and values, ordered by the bytes of the keys. The columns are qualified, because their names are
/// keywords of MySQL.
pub(crate) const METADATA: &str = "SELECT m.key, m.value FROM {p}metadata AS m ORDER BY m.key";

pub(crate) const DISCARD_NODE: &str = "DELETE FROM {p}nodes WHERE id = ?1";

pub(crate) const DISCARD_METADATA: &str = "DELETE FROM {p}metadata WHERE {p}metadata.key = ?1";

// Common to SQLite and PostgreSQL, for their `Statements`.

pub(crate) const RENEW: &str = "
    INSERT INTO {p}nodes (id, alive_until, revoked) VALUES (?1, ?2, FALSE)
    ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until, revoked = FALSE";

pub(crate) const SET_METADATA: &str = "
    INSERT INTO {p}metadata (key, value) VALUES (?1, ?2)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value";

pub(crate) const ADD_METADATA: &str =
    "INSERT INTO {p}metadata (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING";

// Common to SQLite and MySQL.

pub(crate) const DISCARD_RUN: &str = "DELETE FROM {p}runs WHERE job_id = ?1 AND run_id = ?2";

pub(crate) const DISCARD_ENTRY: &str =
    "DELETE FROM {p}history WHERE finished = ?1 AND run_id = ?2 AND attempt = ?3";

/// The statements for the table `{p}history` of a dialect. Its key is `finished`, `run_id` and `attempt`.
pub(crate) struct HistoryStatements {
    /// Limit, earliest and latest finish time; finish time, run and attempt of the previous entry (far in the future if
    /// there is none); outcomes as a JSON array or NULL for all. Returns the columns that
    /// [`rows::entry`](crate::rows::entry) reads, newest first.
    pub(crate) read: &'static str,
    /// The same for one job, whose id is the last value.
    pub(crate) read_for_job: &'static str,
    /// An instant, limit. Deletes the oldest entries that finished before the instant.
    pub(crate) forget_before: &'static str,
    /// Jobs as a JSON array, the number of entries to keep for each, limit.
    pub(crate) forget_beyond: &'static str,
}
