//! The changes that follow from runs that have ended.

use std::sync::Arc;

use punctual_core::{CommitOutcome, StoreError, Timestamp};

use super::Passes;
use crate::store::{Slot, Unsettled};

/// How many changes go with one call.
const MAX_CHANGES: usize = 5_000;

impl Passes {
    /// Makes the changes that follow from ended runs; whether something may be due sooner by them.
    pub(super) async fn settle(
        &self,
        slot: &Arc<Slot>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut changes = Unsettled::taken_from(slot);
        if changes.all.is_empty() {
            return Ok(false);
        }
        let mut outcomes = Vec::with_capacity(changes.all.len());
        for part in changes.all.chunks(slot.batch(MAX_CHANGES)) {
            let commits = part.iter().map(|change| change.commit.clone()).collect();
            outcomes.extend(slot.commit(commits, now).await?);
        }
        for (change, outcome) in changes.all.iter().zip(&mut outcomes) {
            // Carried out the time before, perhaps with the job's last run.
            if change.uncertain
                && change.clears()
                && *outcome == CommitOutcome::Stale
                && slot.store.get(&change.commit.id).await.is_ok_and(|job| job.is_none())
            {
                *outcome = CommitOutcome::Removed;
            }
        }
        let mut sooner = false;
        for (change, outcome) in std::mem::take(&mut changes.all).into_iter().zip(outcomes) {
            if outcome == CommitOutcome::Removed {
                self.runs.job_left(slot, slot.job_ref(&change.commit.id), &change.task);
            } else {
                sooner |= !change.clears();
            }
        }
        Ok(sooner)
    }
}
