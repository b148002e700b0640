//! Waiting until the claim of a job is settled.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{Recovery, StoredJob};
use tokio::time::timeout;

use super::Jobs;
use crate::error::SchedulerError;
use crate::store::RegisteredStore;

/// The first and the longest time between two reads.
const DELAYS: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(100));

impl Jobs {
    /// Waits, at most for the given time, until the job has no run in progress under an open claim: until such a claim
    /// is settled, which takes milliseconds, or has expired. A change that ends the claim repeats the run.
    pub(super) async fn wait_until_settled(
        &self,
        store: &Arc<RegisteredStore>,
        mut job: StoredJob,
        limit: Duration,
    ) -> Result<StoredJob, SchedulerError> {
        let (mut delay, longest) = DELAYS;
        let mut waited = Duration::ZERO;
        while waited < limit && may_have_unrecorded_runs(store, &job) {
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
