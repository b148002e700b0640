//! Unconfirmed commits: the response was lost, so it is unknown whether they were applied.

use std::sync::Arc;

use punctual_core::{CommitAction, CommitOutcome, StoreError, Timestamp};

use super::PassRunner;
use super::planned::PlannedJob;
use super::state::PassState;
use crate::store::RegisteredStore;

/// Resolved outcome of an unconfirmed commit.
enum CommitResolution {
    /// The commit was applied. The remaining runs of the plan are started in this process.
    Applied(CommitOutcome),
    /// The claim expired before the commit. The next claim of the job runs it.
    NotApplied,
    /// The outcome can't be determined. The runs are not started in this process.
    Unknown,
}

impl PassRunner {
    /// Repeats unconfirmed commits. Commits are idempotent: repeating an applied commit returns the same outcome and
    /// changes nothing.
    pub(super) async fn retry_unconfirmed(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        while !pass.unconfirmed.is_empty() {
            let count = pass.unconfirmed.len().min(store.cap_batch(self.shared.settings.batch));
            let commits: Vec<_> =
                pass.unconfirmed[..count].iter().map(|job| job.commit.clone()).collect();
            for outcome in store.backend.commit(commits.into()).await? {
                // One by one: a commit that has been resolved must not be repeated if the lookup for the next one
                // fails.
                let resolution = resolve_commit(store, &mut pass.unconfirmed[0], outcome).await?;
                let job = pass.unconfirmed.remove(0);
                match resolution {
                    CommitResolution::Applied(outcome) => self.dispatch(store, job, outcome),
                    CommitResolution::NotApplied => self.dispatch(store, job, CommitOutcome::Stale),
                    CommitResolution::Unknown => self.emit_lost(store, job, now),
                }
            }
        }
        Ok(())
    }
}

/// Determines the outcome of an unconfirmed commit from the outcome of its repetition and from the job's record.
/// Removes runs from the plan that other nodes have taken over.
async fn resolve_commit(
    store: &RegisteredStore,
    job: &mut PlannedJob,
    outcome: CommitOutcome,
) -> Result<CommitResolution, StoreError> {
    // Only recorded runs can have been taken over.
    if outcome == CommitOutcome::Removed || (outcome == CommitOutcome::Done && !job.is_recorded()) {
        return Ok(CommitResolution::Applied(outcome));
    }
    let found = store.backend.get(&job.record.id).await?;
    let owned = job.still_owned_runs(found.as_ref().map_or(&[], |job| &job.runs));
    // If a later claim has expired, the repeated commit returns `Stale` in both cases. The recorded runs then show
    // whether the first commit was applied.
    if outcome == CommitOutcome::Done || !owned.is_empty() {
        job.runs.retain(|run| owned.contains(&run.run_id));
        return Ok(CommitResolution::Applied(CommitOutcome::Done));
    }
    Ok(match found {
        // A later claim has expired too, so the record does not show whether this claim was committed.
        Some(found) if found.last_unsettled_fence > job.commit.fence && !job.is_recorded() => {
            CommitResolution::Unknown
        }
        Some(_) => CommitResolution::NotApplied,
        // Removed by the first commit or by a user.
        None if job.is_recorded() => CommitResolution::NotApplied,
        None if !matches!(job.commit.action, CommitAction::Finish { .. }) => {
            CommitResolution::NotApplied
        }
        // Removed by the first commit if the claim has not expired, because no other node can have claimed and finished
        // the job. The current time is read here because the process may have been suspended since the pass started.
        None if store.now() < job.claimed_until => {
            CommitResolution::Applied(CommitOutcome::Removed)
        }
        None => CommitResolution::Unknown,
    })
}
