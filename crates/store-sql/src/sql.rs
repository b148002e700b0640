//! The statements that the shared code runs.
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
    /// Id; answers a row if there is such a job.
    pub(crate) exists: &'static str,
    /// Id; the job with its definition.
    pub(crate) remove: &'static str,
    /// Id.
    pub(crate) remove_runs: &'static str,
    /// All jobs with their definitions.
    pub(crate) remove_all: &'static str,
    /// Those without a job: others may have added some in the meantime.
    pub(crate) remove_all_runs: &'static str,
    /// Id; answers a record.
    pub(crate) get: &'static str,

    // The list in two parts, each along the index: first the jobs with a time, then those without.
    /// Limit; answers records.
    pub(crate) list_scheduled: &'static str,
    /// Limit, and the run time and id of the job before.
    pub(crate) list_scheduled_after: &'static str,
    /// Limit, and the id of the job before.
    pub(crate) list_unscheduled_after: &'static str,

    /// Answers an instant, if there is one.
    pub(crate) next_wakeup: &'static str,
    /// Tasks as a JSON array.
    pub(crate) next_wakeup_of_tasks: &'static str,
    /// Answers what time it is there; none where that is this machine's.
    pub(crate) time: Option<&'static str>,

    /// Node, now, tasks as a JSON array or none; answers what a node must know: the earliest due time if
    /// there is one, whether other nodes have left runs behind, the time if the database's clock counts.
    pub(crate) look: &'static str,
    /// Node; answers until when it is alive, if it is known.
    pub(crate) node: &'static str,
    /// Node, until when.
    pub(crate) renew: &'static str,
    /// Those that have been dead since before this instant.
    pub(crate) forget_nodes: &'static str,
    /// Node, now, since when it counts as dead if it is dead now. Holds it then: it can't come to life meanwhile.
    pub(crate) bury: &'static str,
    /// Now; answers the nodes that are alive.
    pub(crate) living: &'static str,
    /// Now, limit; answers records, each with a run whose node is dead or not known at all. For a transaction
    /// that will take them over: others pass over them.
    pub(crate) orphans: &'static str,
    /// The same, with tasks as a JSON array.
    pub(crate) orphans_of_tasks: &'static str,
    /// Pairs of job and run as a JSON array, node.
    pub(crate) take_over: &'static str,
    /// Job id; answers runs.
    pub(crate) in_flight: &'static str,

    /// Answers all keys and texts.
    pub(crate) notes: &'static str,
    /// Key, text.
    pub(crate) set_note: &'static str,
    /// The same, but one that is there stays.
    pub(crate) add_note: &'static str,
}

/// A record as `rows::record` reads it, and more, from `jobs AS j`: with where its definition and its due
/// time are.
macro_rules! select_record {
    ($definition:expr, $due_at:expr, $rest:expr) => {
        concat!(
            "SELECT j.id, j.task, ",
            $definition,
            ", j.revision, j.fence, j.next_run_time, ",
            $due_at,
            ", j.fire_count, j.finished, (SELECT count(*) FROM {p}runs AS r WHERE r.job_id = j.id), ",
            $rest
        )
    };
}

pub(crate) use select_record;
