//! Batches of changes that a scheduler commits.

use super::{Fence, HistoryRecord, InFlightRun, RunId, Schedule};
use crate::job::JobId;
use crate::time::Timestamp;

/// The changes of one call of [`JobStore::commit`](super::JobStore::commit).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommitBatch {
    /// Changes to jobs and runs in flight.
    pub commits: Vec<Commit>,
    /// Finished runs, for the [history](super::RunHistory). Empty for a store without a history.
    pub history: Vec<HistoryRecord>,
}

impl CommitBatch {
    /// Creates a batch from commits and history records.
    #[must_use]
    pub fn new(commits: Vec<Commit>, history: Vec<HistoryRecord>) -> Self {
        Self { commits, history }
    }

    /// Returns whether the batch contains no changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.commits.is_empty() && self.history.is_empty()
    }
}

impl From<Vec<Commit>> for CommitBatch {
    fn from(commits: Vec<Commit>) -> Self {
        Self::new(commits, Vec::new())
    }
}

/// A conditional change; see [`JobStore::commit`](super::JobStore::commit).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The job.
    pub id: JobId,
    /// The required fence: the fence of the claim to settle, of the record or of the run, depending on the action.
    pub fence: Fence,
    /// The change.
    pub action: CommitAction,
}

/// The change that a [`Commit`] makes if its fence matches.
///
/// The first three actions settle a claim and require its fence. A claim is settled once: later commits with its
/// fence, including repeats of the same commit, have no effect. They return [`Done`](CommitOutcome::Done) as long as
/// the record shows that the claim was settled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommitAction {
    /// Settles the claim, sets the next schedule, records the runs that start, and resets the claim count to 0.
    Advance {
        /// The next schedule of the job.
        schedule: Schedule,
        /// The number of runs that have been started, including those that start now.
        fire_count: u64,
        /// The runs to record: those of a [`Recovery::Rerun`](crate::Recovery::Rerun) job that have not finished.
        start: Vec<InFlightRun>,
    },
    /// Settles the claim of a job that has no further run time. The record is removed immediately or, if runs are in
    /// flight (including those recorded by this commit), when the last of them finishes; until then it has no schedule.
    /// Its `fire_count` does not change.
    Finish {
        /// The runs to record: those of a [`Recovery::Rerun`](crate::Recovery::Rerun) job that have not finished.
        start: Vec<InFlightRun>,
    },
    /// Settles the claim, sets the due time of the job to `due_at` and decrements the claim count, as if the claim
    /// had not been made.
    Postpone {
        /// The instant from which the job may be claimed again; not before its `next_run_time`.
        due_at: Timestamp,
    },
    /// Moves the due time of an unclaimed job forward to `due_at` if the job is due later. Requires the current fence
    /// of the record, which does not change.
    BringForward {
        /// The instant from which the job may be claimed; not before its `next_run_time`.
        due_at: Timestamp,
    },
    /// Records runs that start outside of the schedule; schedule and `fire_count` do not change. Requires the current
    /// fence of the record, increments it and invalidates an open claim. Of two concurrent starts (or a start and a
    /// claim), the later one therefore fails, and its caller must read the number of running instances again. A repeat
    /// returns [`Done`](CommitOutcome::Done) as long as the runs are recorded.
    Start {
        /// The runs to record, each with the required fence; at least one.
        runs: Vec<InFlightRun>,
    },
    /// Deletes the record of a finished run. A finished job is removed with its last run. Requires the fence of the
    /// run.
    ClearRun {
        /// The id of the run.
        run_id: RunId,
    },
    /// Replaces the record of a run that is to be retried. Requires the fence of the run. A repeat returns
    /// [`Done`](CommitOutcome::Done) as long as the run is recorded in this form.
    RetryRun {
        /// The new record of the run: with the same id and a larger fence and attempt.
        run: InFlightRun,
    },
}

/// The outcome of a [`Commit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// The change was made, now or earlier, and the job exists.
    Done,
    /// The change was made now, and the job was removed.
    Removed,
    /// The fence does not match, or the job or run does not exist. Nothing was changed.
    Stale,
}
