//! The instances of jobs that planned runs will use.

use punctual_core::{JobId, JobRecord};
use rustc_hash::FxHashMap;

use super::planned::PlannedJob;

/// The runs of a batch that are planned and not started yet, by job: the next plans of the same job count them as
/// instances.
pub(super) struct PlannedInstances(Option<FxHashMap<JobId, u32>>);

impl PlannedInstances {
    /// Before the claimed records are planned. Without retries among them, each job is planned once, and nothing is
    /// counted.
    pub(super) fn new(claimed: &[JobRecord]) -> Self {
        let has_retries = claimed.iter().any(|record| record.id.is_of_retry());
        Self(has_retries.then(FxHashMap::default))
    }

    /// Number of runs of a job.
    pub(super) fn of(&self, job: &JobId) -> u32 {
        self.0.as_ref().and_then(|counts| counts.get(job)).copied().unwrap_or_default()
    }

    /// Adds the runs of a plan.
    pub(super) fn add(&mut self, planned: &PlannedJob) {
        let Some(counts) = self.0.as_mut().filter(|_| !planned.runs.is_empty()) else { return };
        let job = planned.origin();
        let count = u32::try_from(planned.runs.len()).unwrap_or(u32::MAX);
        match counts.get_mut(job) {
            Some(known) => *known = known.saturating_add(count),
            None => drop(counts.insert(job.clone(), count)),
        }
    }
}
