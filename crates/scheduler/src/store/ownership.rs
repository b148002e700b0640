//! Whether runs that this process has started still belong to it.

use punctual_core::{JobId, RunId, StoreError, StoreErrorKind, StoredJob};

use super::guard::RunGuard;
use super::pending_work::GuardedAttempt;
use super::registered::RegisteredStore;

impl RegisteredStore {
    /// Whether a run is still recorded with the same fence, which a take-over raises, or is under its open claim. Returns
    /// false if the record can't be read.
    pub(crate) async fn is_guarded(
        &self,
        job: &JobId,
        run: RunId,
        guard: &RunGuard,
    ) -> Result<bool, StoreError> {
        Ok(self.readable(job).await?.is_some_and(|job| guards(&job, run, guard)))
    }

    /// Whether another process repeats an attempt, or has done so, since this one lost its lease.
    pub(crate) async fn is_taken_over(
        &self,
        run: RunId,
        attempt: &GuardedAttempt,
    ) -> Result<bool, StoreError> {
        let GuardedAttempt { job, guard, scheduled_time, .. } = attempt;
        let Some(found) = self.readable(job).await? else { return Ok(true) };
        Ok(match guard {
            _ if guards(&found, run, guard) => false,
            RunGuard::Record(_) => true,
            // A user who changes the schedule ends the claim, too: then nobody repeats the run.
            RunGuard::Claim(..) | RunGuard::Ended => {
                let schedule = found.record.schedule;
                job.is_of_retry()
                    || found.runs.iter().any(|other| other.run_id == run)
                    || schedule.is_some_and(|next| next.next_run_time == *scheduled_time)
            }
            RunGuard::None => false,
        })
    }

    async fn readable(&self, job: &JobId) -> Result<Option<StoredJob>, StoreError> {
        match self.backend.get(job).await {
            Err(error) if error.kind() == StoreErrorKind::Corrupt => Ok(None),
            found => found,
        }
    }
}

fn guards(job: &StoredJob, run: RunId, guard: &RunGuard) -> bool {
    let (fence, is_claim) = match *guard {
        RunGuard::Claim(fence, _) => (fence, true),
        RunGuard::Record(fence) => (fence, false),
        RunGuard::Ended => return false,
        RunGuard::None => return true,
    };
    // The claim may have been settled by a commit whose response was lost.
    let is_claimed = is_claim && job.claim.is_some() && job.record.fence == fence;
    is_claimed || job.runs.iter().any(|other| (other.run_id, other.fence) == (run, fence))
}
