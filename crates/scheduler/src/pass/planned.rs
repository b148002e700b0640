//! A claimed job with its plan and commit.

use punctual_core::{Commit, CommitAction, InFlightRun, JobRecord, RunId, Timestamp};
use smallvec::SmallVec;

use crate::plan::Skipped;
use crate::runs::{NewRun, ResolvedJob};

/// A claimed job with its plan and commit. The plan is carried out after the commit was applied.
pub(crate) struct PlannedJob {
    pub record: JobRecord,
    pub commit: Commit,
    pub runs: SmallVec<[NewRun; 1]>,
    pub skipped: Vec<Skipped>,
    /// Due run times are deferred until another run ends.
    pub has_deferred_runs: bool,
    /// Expiry of the claim. No other node can claim the job before it.
    pub claimed_until: Timestamp,
    pub resolved: Option<ResolvedJob>,
}

impl PlannedJob {
    /// The runs recorded by the commit.
    fn recorded(&self) -> &[InFlightRun] {
        match &self.commit.action {
            CommitAction::Advance { start, .. } | CommitAction::Finish { start } => start,
            _ => &[],
        }
    }

    /// Whether the commit records runs.
    pub(super) fn is_recorded(&self) -> bool {
        !self.recorded().is_empty()
    }

    /// The planned runs that are still recorded as in the commit. The others have been taken over.
    pub(super) fn still_owned_runs(&self, found: &[InFlightRun]) -> Vec<RunId> {
        let own = found.iter().filter(|found| self.recorded().contains(found));
        own.map(|run| run.run_id).collect()
    }

    pub(super) fn without_runs(
        record: JobRecord,
        commit: Commit,
        claimed_until: Timestamp,
    ) -> Self {
        Self {
            record,
            commit,
            runs: SmallVec::new(),
            skipped: Vec::new(),
            has_deferred_runs: false,
            claimed_until,
            resolved: None,
        }
    }
}
