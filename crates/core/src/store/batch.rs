//! The changes that a scheduler commits after it has planned.

use super::{Fence, HistoryEntry, InFlightRun, RunId, Schedule};
use crate::job::JobId;
use crate::time::Timestamp;

/// What one call carries out; see [`JobStore::commit`](super::JobStore::commit).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommitBatch {
    /// Changes of jobs and of runs in flight.
    pub commits: Vec<Commit>,
    /// Runs that have ended, for the [history](super::RunHistory); empty for a store that keeps none.
    pub history: Vec<HistoryEntry>,
}

impl CommitBatch {
    /// Changes, and entries of the history beside them.
    #[must_use]
    pub fn new(commits: Vec<Commit>, history: Vec<HistoryEntry>) -> Self {
        Self { commits, history }
    }

    /// Whether there is nothing to do.
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

/// One guarded change; see [`JobStore::commit`](super::JobStore::commit).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The job.
    pub id: JobId,
    /// The guard: the fence of the claim that is settled, of the record, or of the run; the action says which.
    pub fence: Fence,
    /// What to do.
    pub action: CommitAction,
}

/// What a [`Commit`] does if its guard holds.
///
/// The first three settle a claim and are guarded by its fence. A claim is settled once: whatever comes later
/// with its fence, also a repeat of the same commit, changes nothing. It is answered with
/// [`Done`](CommitOutcome::Done) as long as the record shows that the claim was settled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommitAction {
    /// Settles the claim with a new schedule, and records the runs that start now. Claims are counted anew.
    Advance {
        /// When the job runs next.
        schedule: Schedule,
        /// How many runs have been started, with those that start now.
        fire_count: u64,
        /// The runs to record; none for jobs that are not rerun.
        start: Vec<InFlightRun>,
    },
    /// Settles the claim, and the job has no further run. The record is removed at once, or, when runs are in
    /// flight (these or earlier ones), with the last of them; until then it has no schedule. Its `fire_count`
    /// stays.
    Finish {
        /// The runs to record; none for jobs that are not rerun.
        start: Vec<InFlightRun>,
    },
    /// Settles the claim as if it had not been made, but that the job is due at this instant: the claim is
    /// not counted.
    Postpone {
        /// From when it may be claimed again; not before its `next_run_time`.
        due_at: Timestamp,
    },
    /// Lets a job that nobody has claimed be claimed from this instant on, if it would be due later. Guarded by
    /// the record's fence, which stays.
    Hasten {
        /// From when it may be claimed; not before its `next_run_time`.
        due_at: Timestamp,
    },
    /// Records runs that start outside of the schedule; schedule and `fire_count` stay. Guarded by the record's
    /// fence, which it raises, and ends a claim unsettled. So of two that start runs at the same time, or of
    /// one that does and one that has claimed the job, the later has to look again at how many are under way.
    /// A repeat is answered with [`Done`](CommitOutcome::Done) while the runs are recorded.
    Start {
        /// The runs to record, each with the fence that it names; at least one.
        runs: Vec<InFlightRun>,
    },
    /// Removes the record of a run that has ended; with the last one a finished job is removed. Guarded by the
    /// run's fence.
    ClearRun {
        /// The run.
        run_id: RunId,
    },
    /// Replaces the record of a run that is to be tried again. Guarded by the run's fence. A repeat is answered
    /// with [`Done`](CommitOutcome::Done) while the run is recorded like this.
    RetryRun {
        /// The run as it is recorded from now on: of the same id, with a larger fence and attempt.
        run: InFlightRun,
    },
}

/// What became of a [`Commit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It was carried out, now or earlier; the job is still there.
    Done,
    /// It was carried out now, and the job was removed.
    Removed,
    /// The guard does not hold, or the job or run is gone: nothing was changed.
    Stale,
}
