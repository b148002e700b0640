//! A claimed job with its plan and commit.

use punctual_core::{Commit, CommitAction, InFlightRun, JobId, JobRecord, Lease, RunId, Timestamp};
use smallvec::SmallVec;

use crate::plan::Skipped;
use crate::runs::{NewRun, ResolvedJob};

/// A claimed job with its plan and commit. The plan is carried out after the commit was applied, unless its runs start
/// [under the claim](UnderClaim).
pub(crate) struct PlannedJob {
    pub record: JobRecord,
    pub commit: Commit,
    pub runs: SmallVec<[NewRun; 1]>,
    pub skipped: Vec<Skipped>,
    /// Due run times are deferred until another run ends.
    pub has_deferred_runs: bool,
    /// Number of runs in this process whose cancellation is requested, oldest first.
    pub cancelled: u32,
    /// Time of the claim.
    pub claimed_at: Timestamp,
    pub resolved: Option<ResolvedJob>,
    /// Set if the runs start under the claim, before the commit.
    pub under_claim: Option<UnderClaim>,
}

/// The start of runs under a claim.
pub(crate) struct UnderClaim {
    /// Expires before the claim does: the runs are not started afterwards.
    pub start_limit: Lease,
    /// Time at which the claim is settled although its runs are in progress.
    pub settle_at: Timestamp,
}

impl PlannedJob {
    /// The job to which the runs belong: that of the failed run, if it is a retry.
    pub(super) fn origin(&self) -> &JobId {
        let definition = self.resolved.as_ref().map(|resolved| &resolved.decoded.definition);
        let origin = definition.and_then(|definition| definition.retry_of.as_deref());
        origin.map_or(&self.record.id, |origin| &origin.job_id)
    }

    /// The runs recorded by the commit.
    pub(super) fn recorded(&self) -> &[InFlightRun] {
        match &self.commit.action {
            CommitAction::Advance { start, .. } | CommitAction::Finish { start } => start,
            _ => &[],
        }
    }

    /// Time at which the job is due again after the commit.
    pub(super) fn next_due_at(&self) -> Option<Timestamp> {
        match &self.commit.action {
            CommitAction::Advance { schedule, .. } => Some(schedule.due_at),
            _ => None,
        }
    }

    /// Sets the runs recorded by the commit.
    pub(super) fn set_recorded(&mut self, runs: Vec<InFlightRun>) {
        if let CommitAction::Advance { start, .. } | CommitAction::Finish { start } =
            &mut self.commit.action
        {
            *start = runs;
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

    pub(super) fn without_runs(record: JobRecord, commit: Commit, claimed_at: Timestamp) -> Self {
        Self {
            record,
            commit,
            runs: SmallVec::new(),
            skipped: Vec::new(),
            has_deferred_runs: false,
            cancelled: 0,
            claimed_at,
            resolved: None,
            under_claim: None,
        }
    }
}
