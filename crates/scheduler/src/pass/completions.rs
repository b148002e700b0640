//! Committing the changes that follow from completed runs.

use std::sync::Arc;

use punctual_core::{CommitOutcome, StoreError, Timestamp};

use super::PassRunner;
use crate::store::{PendingCommitBatch, RegisteredStore};

/// Maximum number of changes in one call.
const MAX_CHANGES: usize = 5_000;

impl PassRunner {
    /// Commits the pending changes. Returns `true` if a job may be due earlier as a result.
    pub(super) async fn commit_completions(
        &self,
        store: &Arc<RegisteredStore>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut changes = PendingCommitBatch::taken_from(store);
        // The retries of all runs whose records these commits clear.
        self.store_retries(store).await?;
        if changes.commits.is_empty() {
            return Ok(false);
        }
        let mut outcomes = Vec::with_capacity(changes.commits.len());
        for part in changes.commits.chunks(store.cap_batch(MAX_CHANGES)) {
            let commits = part.iter().map(|change| change.commit.clone()).collect();
            outcomes.extend(store.commit(commits, now).await?);
        }
        for (change, outcome) in changes.commits.iter().zip(&mut outcomes) {
            // The earlier, unconfirmed attempt was applied, and may have removed the job with its last run.
            if change.unconfirmed
                && change.clears_run()
                && *outcome == CommitOutcome::Stale
                && store.backend.get(&change.commit.id).await.is_ok_and(|job| job.is_none())
            {
                *outcome = CommitOutcome::Removed;
            }
        }
        let mut due_earlier = false;
        for (change, outcome) in std::mem::take(&mut changes.commits).into_iter().zip(outcomes) {
            if outcome == CommitOutcome::Removed {
                self.runs.emit_job_removed(store, store.job_ref(&change.commit.id), &change.task);
            } else {
                due_earlier |= !change.clears_run();
            }
        }
        Ok(due_earlier)
    }
}
