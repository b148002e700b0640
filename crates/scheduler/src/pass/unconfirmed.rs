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
                let held_since = *store.lease_held_since.lock();
                let is_held = |job: &PlannedJob| self.is_claim_held(store, job, held_since);
                let job = &mut pass.unconfirmed[0];
                let resolution = resolve_commit(store, job, outcome, is_held).await?;
                let job = pass.unconfirmed.remove(0);
                match resolution {
                    CommitResolution::Applied(outcome) => self.dispatch(store, job, outcome),
                    CommitResolution::NotApplied => self.dispatch(store, job, CommitOutcome::Stale),
                    // Its runs have been started.
                    CommitResolution::Unknown if job.under_claim.is_some() => {
                        self.dispatch(store, job, CommitOutcome::Stale);
                    }
                    CommitResolution::Unknown => self.emit_lost(store, job, now),
                }
            }
        }
        Ok(())
    }
}

impl PassRunner {
    /// Whether a claim can't have ended unless it was settled: it has not expired, and the lease of this node, which
    /// has been valid since `held_since`, has not been over since the claim. Reads the current time, because the process
    /// may have been suspended since the pass started.
    fn is_claim_held(
        &self,
        store: &RegisteredStore,
        job: &PlannedJob,
        held_since: Option<Timestamp>,
    ) -> bool {
        let now = store.now();
        let lease_held = !self.has_lease(store)
            || (held_since.is_some_and(|since| since <= job.claimed_at)
                && !store.lease.lock().is_expired(now));
        now < job.claimed_at.saturating_add(self.claim_lease(store)) && lease_held
    }
}

/// Determines the outcome of an unconfirmed commit from the outcome of its repetition and from the job's record.
/// Removes runs from the plan that other nodes have taken over.
async fn resolve_commit(
    store: &RegisteredStore,
    job: &mut PlannedJob,
    outcome: CommitOutcome,
    is_held: impl Fn(&PlannedJob) -> bool,
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
        // Removed by the first commit if the claim has not ended, because no other node can have claimed and finished
        // the job.
        None if is_held(job) => CommitResolution::Applied(CommitOutcome::Removed),
        None => CommitResolution::Unknown,
    })
}
