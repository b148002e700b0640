//! What the plans of a claimed batch have in common.

use punctual_core::{JobId, JobRecord, NodeId, Timestamp};
use rustc_hash::FxHashMap;

use super::planned::PlannedJob;
use super::retries::OtherAttempts;

/// What the plans of a claimed batch have in common.
pub(super) struct Batch<'a> {
    pub node: &'a NodeId,
    /// The time of the claims.
    pub now: Timestamp,
    pub others: &'a OtherAttempts,
    /// The runs that are planned, by job. `None` without retries in the batch: then each job is planned once.
    planned: Option<FxHashMap<JobId, u32>>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        node: &'a NodeId,
        claimed: &[JobRecord],
        others: &'a OtherAttempts,
        now: Timestamp,
    ) -> Self {
        let has_retries = claimed.iter().any(|record| record.id.is_of_retry());
        Self { node, now, others, planned: has_retries.then(FxHashMap::default) }
    }

    /// Number of runs of a job that the batch starts, as planned so far.
    pub(super) fn planned_runs(&self, job: &JobId) -> u32 {
        self.planned.as_ref().and_then(|counts| counts.get(job)).copied().unwrap_or_default()
    }

    /// Adds the runs of a plan.
    pub(super) fn add(&mut self, planned: &PlannedJob) {
        let Some(counts) = self.planned.as_mut().filter(|_| !planned.runs.is_empty()) else {
            return;
        };
        let job = planned.origin();
        let count = u32::try_from(planned.runs.len()).unwrap_or(u32::MAX);
        match counts.get_mut(job) {
            Some(known) => *known = known.saturating_add(count),
            None => drop(counts.insert(job.clone(), count)),
        }
    }
}
