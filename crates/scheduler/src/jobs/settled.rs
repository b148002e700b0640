//! Waiting until the claim of a job is settled.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{InFlightRun, Recovery, StoredJob};
use tokio::time::timeout;

use super::Jobs;
use crate::error::SchedulerError;
use crate::store::RegisteredStore;

/// The first and the longest time between two reads.
const DELAYS: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(100));

/// Maximum time that is waited until ended runs are cleared. Runs that are retried later stay recorded for longer.
const CLEAR_TIMEOUT: Duration = Duration::from_millis(250);

impl Jobs {
    /// Waits, at most for the given time, until the job has no run in progress under an open claim: until such a claim
    /// is settled, which takes milliseconds, or has expired. A change that ends the claim repeats the run.
    pub(super) async fn wait_until_settled(
        &self,
        store: &Arc<RegisteredStore>,
        job: StoredJob,
        limit: Duration,
    ) -> Result<StoredJob, SchedulerError> {
        self.wait_while(store, job, limit, |job| may_have_unrecorded_runs(store, job)).await
    }

    /// Waits, for a short time, until the records of runs that have ended in this process are cleared, if they are all that
    /// prevents a further run: a user who has awaited a run can start the next one.
    pub(super) async fn wait_until_cleared(
        &self,
        store: &Arc<RegisteredStore>,
        job: StoredJob,
    ) -> Result<StoredJob, SchedulerError> {
        if job.runs.is_empty() {
            return Ok(job);
        }
        let node = self.shared.node();
        let decoded = store.decode(&job.record);
        let max_instances =
            decoded.map_or(u32::MAX, |decoded| decoded.definition.options.max_instances);
        let has_ended =
            |run: &InFlightRun| run.node == node && !self.runs.is_in_progress(run.run_id);
        let is_blocked = |job: &StoredJob| {
            job.record.in_flight >= max_instances && job.runs.iter().any(has_ended)
        };
        self.wait_while(store, job, CLEAR_TIMEOUT, is_blocked).await
    }

    /// Reads the job again, at most for the given time, until the condition is false.
    async fn wait_while(
        &self,
        store: &Arc<RegisteredStore>,
        mut job: StoredJob,
        limit: Duration,
        condition: impl Fn(&StoredJob) -> bool,
    ) -> Result<StoredJob, SchedulerError> {
        let (mut delay, longest) = DELAYS;
        let mut waited = Duration::ZERO;
        while waited < limit && condition(&job) {
            let id = &job.record.id;
            let runtime = self.shared.runtime().ok_or(SchedulerError::NotRunning)?;
            // In the scheduler's runtime: the caller's may have no timer. Stores do not signal the commit.
            let _ = runtime.spawn(timeout(delay, pending::<()>())).await;
            waited += delay;
            delay = longest.min(delay * 2);
            let found = store.backend.get(id).await.map_err(|error| store.error(error))?;
            job = found.ok_or_else(|| SchedulerError::job_not_found(id, &store.alias))?;
        }
        Ok(job)
    }
}

/// Whether runs of the job may be in progress that its record does not contain.
pub(super) fn may_have_unrecorded_runs(store: &RegisteredStore, job: &StoredJob) -> bool {
    let is_open = job.claim.as_ref().is_some_and(|claim| claim.until > store.now());
    let reruns = |record| {
        let decoded = store.decode(record);
        decoded.is_ok_and(|decoded| decoded.definition.options.recovery == Recovery::Rerun)
    };
    store.caps.persistent && is_open && reruns(&job.record)
}
