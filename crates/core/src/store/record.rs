//! Stored records of jobs.

use serde::{Deserialize, Serialize};

use crate::job::{JobId, StoredDefinition};
use crate::store::{Fence, NodeId, Revision, RunId};
use crate::task::TaskName;
use crate::time::Timestamp;

/// The next run time and due time of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The next time computed by the trigger.
    pub next_run_time: Timestamp,
    /// The instant from which the job may be claimed: `next_run_time`, or an instant that was jittered or postponed.
    /// Claims do not change it.
    pub due_at: Timestamp,
}

impl Schedule {
    /// Creates a schedule that is due at its run time.
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
    /// The [`JobDefinition`](crate::JobDefinition).
    pub definition: StoredDefinition,
    /// When the job runs for the first time; `None` for a paused job.
    pub schedule: Option<Schedule>,
}

/// The stored record of a job.
///
/// The serialized form, for backends that store a record as one value, contains all fields except the definition,
/// which runs do not change and which is stored separately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecord {
    /// The id, unique in the store.
    pub id: JobId,
    /// The task, for filters.
    pub task: TaskName,
    /// The [`JobDefinition`](crate::JobDefinition).
    #[serde(skip)]
    pub definition: StoredDefinition,
    /// Increases with every update.
    pub revision: Revision,
    /// Increases with every claim, every released claim, every start outside of the schedule, and every update that does
    /// not keep an open claim.
    pub fence: Fence,
    /// The next run time and due time; `None` if the job is paused or finished.
    pub schedule: Option<Schedule>,
    /// The number of runs that have been started.
    pub fire_count: u64,
    /// The number of claims of the due occurrence: 1 after the first claim. A larger number means that earlier claims
    /// ended before they were settled.
    pub claims: u32,
    /// Whether the job has no further run times and is removed when its last run in flight finishes.
    pub finished: bool,
    /// The number of runs that are recorded as in flight, of all nodes. In the result of a claim it may include runs that
    /// were cleared during the call.
    pub in_flight: u32,
}

impl JobRecord {
    /// Returns the next run time, if the job has one.
    #[must_use]
    pub fn next_run_time(&self) -> Option<Timestamp> {
        self.schedule.map(|schedule| schedule.next_run_time)
    }

    /// Returns the id of the run at a run time of the schedule, the same in every process that claims the job. It
    /// depends on the job, on its incarnation (a new job with the id of a removed one has other runs), on its revision,
    /// and on the time: a UUID of version 5 (RFC 9562, section 5.5).
    #[must_use]
    pub fn run_id_at(&self, run_time: Timestamp) -> RunId {
        const NAMESPACE: uuid::Uuid =
            uuid::Uuid::from_u128(0x5b0d_1b7c_6c1e_4a4e_9a55_3f1d_9a36_62c4);
        // The first fence of a job is random, and its upper bits change at most once in thousands of claims, whatever
        // the steps of the store.
        let incarnation = self.fence.0 >> 32;
        let mut name = Vec::with_capacity(self.id.as_str().len() + 24);
        for number in [incarnation, self.revision.0, run_time.as_micros()] {
            name.extend_from_slice(&number.to_be_bytes());
        }
        name.extend_from_slice(self.id.as_str().as_bytes());
        RunId::from_u128(uuid::Uuid::new_v5(&NAMESPACE, &name).as_u128())
    }
}

/// The complete state of a job: its record, its claim and its runs. A store changes it atomically and returns it as a
/// consistent whole.
///
/// Claims, commits, updates and take-overs are methods of this type: pure functions on plain data, which specify the
/// behaviour of every store. A store whose backend supports only compare-and-swap loads the value, applies a method
/// and swaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredJob {
    /// The record. Its `in_flight` equals the number of `runs`.
    pub record: JobRecord,
    /// The claim that has not been settled, also if its lease has expired.
    pub claim: Option<Claim>,
    /// The largest fence of a claim that expired or was invalidated before it was settled; initially the first fence.
    /// A commit that settles a claim with this fence or a smaller one is stale.
    #[serde(rename = "lost")]
    pub last_unsettled_fence: Fence,
    /// The runs in flight, ordered by id.
    pub runs: Vec<InFlightRun>,
}

/// The claim of a node on a job. Its fence is that of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The claiming node. If it dies, the claim can be released.
    pub node: NodeId,
    /// The expiry of the claim: from this instant on the job can be claimed again.
    pub until: Timestamp,
}

/// A run that has been recorded and not yet deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlightRun {
    /// The id of the run.
    pub run_id: RunId,
    /// The time computed by the trigger.
    pub scheduled_time: Timestamp,
    /// The attempt number, starting at 1.
    pub attempt: u32,
    /// The node that owns the run.
    pub node: NodeId,
    /// Increases with every change of ownership and every attempt.
    pub fence: Fence,
}

/// An update of a record. Values that are `None` remain unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordUpdate {
    /// The new definition, with its task.
    pub definition: Option<(TaskName, StoredDefinition)>,
    /// The new schedule; `Some(None)` pauses the job. A finished job that receives a schedule is no longer finished.
    /// The claim count is reset to 0.
    pub schedule: Option<Option<Schedule>>,
    /// Precondition: the current `next_run_time` must equal this value. It is set if the new schedule was computed from
    /// that time, and prevents a second run for the same time if the job has run since it was read.
    pub expected_run_time: Option<Option<Timestamp>>,
    /// The new `fire_count`: 0 if the runs are counted from here, or that of a job that is moved to this store.
    pub fire_count: Option<u64>,
}
