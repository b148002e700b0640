//! What stores keep of a job.

use serde::{Deserialize, Serialize};

use crate::codec::Encoded;
use crate::job::JobId;
use crate::store::{Fence, NodeId, Revision, RunId};
use crate::task::TaskName;
use crate::time::Timestamp;

/// When a job runs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The next time that the trigger gives.
    pub next_run_time: Timestamp,
    /// From when the job may be claimed: `next_run_time`, or a jittered or postponed instant. A claim leaves it
    /// as it is.
    pub due_at: Timestamp,
}

impl Schedule {
    /// Due at its run time.
    #[must_use]
    pub const fn at(next_run_time: Timestamp) -> Self {
        Self { next_run_time, due_at: next_run_time }
    }
}

/// A job to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// The id, unique in the store.
    pub id: JobId,
    /// The task, for filters.
    pub task: TaskName,
    /// The encoded [`JobDefinition`](crate::JobDefinition).
    pub definition: Encoded,
    /// When it runs first; none for a paused job.
    pub schedule: Option<Schedule>,
}

/// A job as a store keeps it.
///
/// Serialized (for backends that keep it as one value) it is everything but the definition, which firing does
/// not change and which is kept beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecord {
    /// The id, unique in the store.
    pub id: JobId,
    /// The task, for filters.
    pub task: TaskName,
    /// The encoded [`JobDefinition`](crate::JobDefinition).
    #[serde(skip)]
    pub definition: Encoded,
    /// Grows with every change by a user.
    pub revision: Revision,
    /// Grows with every claim, every change and every start outside of the schedule.
    pub fence: Fence,
    /// When it runs next; none when it is paused or finished.
    pub schedule: Option<Schedule>,
    /// How many runs have been started.
    pub fire_count: u64,
    /// How many claims have been made of the occurrence that is due: 1 with the first. So a run
    /// that begins under its claim alone can have its number before anything is recorded.
    pub claims: u32,
    /// Whether it waits only for its in-flight runs to end, and is removed then.
    pub finished: bool,
    /// How many of its runs are recorded as in flight, of all nodes.
    pub in_flight: u32,
}

impl JobRecord {
    /// When it runs next, if it does.
    #[must_use]
    pub fn next_run_time(&self) -> Option<Timestamp> {
        self.schedule.map(|schedule| schedule.next_run_time)
    }
}

/// A job's record with all that belongs to it: what a store changes in one step, and shows whole.
///
/// What can become of it is in its methods: claims, commits, updates and take-overs are pure functions on it.
/// They are the specification of every store; a store whose backend has only compare-and-swap loads it, applies
/// one of them, and swaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredJob {
    /// The record. Its `in_flight` is the number of `runs`.
    pub record: JobRecord,
    /// The claim that has not been settled, also one whose lease has expired.
    pub claim: Option<Claim>,
    /// The largest fence that the record had when a claim ended unsettled, or when it was added: no claim with
    /// it, or with a smaller one, can be settled any more.
    pub lost: Fence,
    /// The runs in flight, by their ids.
    pub runs: Vec<InFlightRun>,
}

/// Who has claimed a job, and for how long. Its fence is the record's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Whose claim it is; with the node's death it can be released.
    pub node: NodeId,
    /// When its lease expires: from then on the job can be claimed again.
    pub until: Timestamp,
}

/// A run that has been recorded and not yet cleared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlightRun {
    /// The run.
    pub run_id: RunId,
    /// The time that the trigger gave.
    pub scheduled_time: Timestamp,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// Whose run it is.
    pub node: NodeId,
    /// Grows with every owner and every attempt.
    pub fence: Fence,
}

/// What to change of a job; what is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordUpdate {
    /// Another definition, with its task.
    pub definition: Option<(TaskName, Encoded)>,
    /// Another schedule; `Some(None)` pauses. A finished job with a schedule is finished no more. Claims are
    /// counted anew.
    pub schedule: Option<Option<Schedule>>,
    /// The `next_run_time` that the job must still have, if any will not do: the one from which the new
    /// schedule follows. A job that has been run since would be run for the same time once more.
    pub expected_run_time: Option<Option<Timestamp>>,
    /// Whether fires are counted anew: `fire_count` becomes 0.
    pub restart: bool,
}
