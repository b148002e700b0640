//! The changes that a scheduler commits after it has planned.

use super::{Fence, HistoryEntry, InFlightRun, RunId, Schedule};
use crate::job::JobId;
use crate::time::Timestamp;

/// What is carried out and made durable together; see [`JobStore::commit`](super::JobStore::commit).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommitBatch {
    /// Changes of jobs and of runs in flight.
    pub commits: Vec<Commit>,
    /// Runs that have ended, for the [history](super::JobStore::history); empty for a store that keeps none.
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
    /// The fence that the record must still have; for [`CommitAction::ClearRun`] the run's.
    pub fence: Fence,
    /// What to do.
    pub action: CommitAction,
}

/// What a [`Commit`] does if its fence holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommitAction {
    /// Ends the claim with a new schedule, and records the runs that start now. A finished job is
    /// finished no more.
    Advance {
        /// When the job runs next.
        schedule: Schedule,
        /// How many runs have been started, with those that start now.
        fire_count: u64,
        /// The runs to record; none for jobs that are not rerun.
        start: Vec<InFlightRun>,
    },
    /// Ends the claim and the job: there is no further run. The record leaves at once, or, when runs
    /// are in flight (these or earlier ones), with the last of them; until then it has no schedule. Its
    /// `fire_count` stays.
    Finish {
        /// The runs to record; none for jobs that are not rerun.
        start: Vec<InFlightRun>,
    },
    /// Ends the claim with everything as it was, except that the job is due at this instant; one that
    /// has no schedule gets none.
    Postpone {
        /// From when it may be claimed again.
        due_at: Timestamp,
    },
    /// Records runs that start outside of the schedule; `next_run_time` and `fire_count` stay. Raises
    /// the fence and ends a claim, as an update does: the job is due at its `next_run_time` again. So of
    /// two that start runs at the same time, or of one that does and one that has claimed the job, the
    /// later has to look again at how many are under way.
    Start {
        /// The runs to record, each with the fence that it names.
        runs: Vec<InFlightRun>,
    },
    /// Forgets a run that has ended; with the last one, a finished job leaves.
    ClearRun {
        /// The run.
        run_id: RunId,
    },
}

/// What became of a [`Commit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It was carried out; the job is still there.
    Done,
    /// It was carried out, and the job has left the store.
    Removed,
    /// The fence was old, or the job or run is gone: nothing was changed.
    Stale,
}
