//! What stores keep.

use crate::codec::Encoded;
use crate::job::JobId;
use crate::store::{Fence, NodeId, Revision, RunId};
use crate::task::TaskName;
use crate::time::Timestamp;

/// When a job runs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The next time that the trigger gives.
    pub next_run_time: Timestamp,
    /// From when the job may be claimed: `next_run_time`, or a jittered or postponed instant.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRecord {
    /// The id, unique in the store.
    pub id: JobId,
    /// The task, for filters.
    pub task: TaskName,
    /// The encoded [`JobDefinition`](crate::JobDefinition).
    pub definition: Encoded,
    /// Grows with every change by a user.
    pub revision: Revision,
    /// Grows with every claim, every change and every start outside of the schedule.
    pub fence: Fence,
    /// When it runs next; none when it is paused or finished. While a claim lasts, `due_at` is the end
    /// of the claim's lease.
    pub schedule: Option<Schedule>,
    /// How many runs have been started.
    pub fire_count: u64,
    /// Whether it waits only for its in-flight runs to end, and leaves then.
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

/// What became of a job to add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddOutcome {
    /// It was added, with [`Revision::FIRST`].
    Added,
    /// There is one of that id; nothing was changed.
    Exists,
}

/// What to change of a job; what is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordUpdate {
    /// Another definition, with its task.
    pub definition: Option<(TaskName, Encoded)>,
    /// Another schedule; `Some(None)` pauses. A finished job with a schedule is finished no more.
    pub schedule: Option<Option<Schedule>>,
    /// The `next_run_time` that the job must still have, if any will not do: the one from which the new
    /// schedule follows. A job that has been run since would be run for the same time once more.
    pub expected_run_time: Option<Option<Timestamp>>,
    /// Whether fires are counted anew: `fire_count` becomes 0.
    pub restart: bool,
}

/// A record that was due and is now the claimer's for the length of the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The record, with its new fence, and with the schedule that it had when it was claimed.
    pub record: JobRecord,
}

/// A run that has been recorded and not yet cleared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFlightRun {
    /// The run.
    pub run_id: RunId,
    /// The time that the trigger gave.
    pub scheduled_time: Timestamp,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// Whose run it is.
    pub node: NodeId,
    /// Grows with every owner.
    pub fence: Fence,
}

/// What a node learns when it renews its lease; see [`JobStore::renew`](super::JobStore::renew).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// The lease had lapsed before (its end was not later than `now`), so that others may have taken the
    /// node's runs over; or they have, whatever `now` is. False for a node that was not known.
    pub lapsed: bool,
    /// As [`JobStore::next_wakeup`](super::JobStore::next_wakeup) answers.
    pub next_wakeup: Option<Timestamp>,
    /// Another node that is unknown or dead at `now` has runs for
    /// [`JobStore::take_over`](super::JobStore::take_over).
    pub orphans: bool,
    /// As [`JobStore::time`](super::JobStore::time) answers.
    pub time: Option<Timestamp>,
}

/// A run whose node died, and which is now the caller's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrphanedRun {
    /// The job, as it is now.
    pub record: JobRecord,
    /// The run, with its new node, fence and attempt.
    pub run: InFlightRun,
}
