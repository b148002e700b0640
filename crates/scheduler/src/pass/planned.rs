//! A claimed job with what is to become of it.

use punctual_core::{Commit, CommitAction, InFlightRun, JobRecord, RunId, Timestamp};
use smallvec::SmallVec;

use crate::plan::Skipped;
use crate::runs::{NewRun, Resolved};

/// A claimed job with what is to become of it; carried out when its commit has been.
pub(crate) struct Planned {
    pub record: JobRecord,
    pub commit: Commit,
    pub runs: SmallVec<[NewRun; 1]>,
    pub skipped: Vec<Skipped>,
    /// Run times that are due wait for a slot.
    pub waiting: bool,
    /// Until then nobody else can have claimed the job.
    pub claimed_until: Timestamp,
    pub resolved: Option<Resolved>,
}

impl Planned {
    /// The runs that its commit records.
    fn recorded(&self) -> &[InFlightRun] {
        match &self.commit.action {
            CommitAction::Advance { start, .. } | CommitAction::Finish { start } => start,
            _ => &[],
        }
    }

    /// Whether its commit records its runs.
    pub(super) fn is_recorded(&self) -> bool {
        !self.recorded().is_empty()
    }

    /// Those of its runs that were found as its commit records them: the others have been taken over since.
    pub(super) fn own_among(&self, found: &[InFlightRun]) -> Vec<RunId> {
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
            waiting: false,
            claimed_until,
            resolved: None,
        }
    }
}
