//! Writing the history of a store's runs, and forgetting it in time.

use std::sync::Arc;

use punctual_core::{
    Commit, CommitBatch, CommitOutcome, HistoryEntry, StoreError, Timestamp, error_chain,
};

use super::history::Leaving;
use super::slot::Slot;
use crate::shared::HistoryOptions;

/// The size of an entry with the longest error and the longest names.
const ENTRY_BYTES: usize = HistoryEntry::MAX_ERROR + 3_000;

/// How many entries are forgotten in one step, and the jobs looked at in one.
const FORGET_BATCH: usize = 1_000;

impl Slot {
    /// How many entries go with one batch.
    fn history_batch(&self) -> usize {
        let wanted = self.batch(self.shared.settings.batch);
        wanted.min(self.caps.max_batch.bytes / ENTRY_BYTES).max(1)
    }

    /// The entries that go with the next batch, if any wait.
    fn leaving_history(&self, now: Timestamp) -> Option<Leaving<'_>> {
        self.history.as_ref()?.leave(self.history_batch(), now)
    }

    /// When the entries that wait have to be written; none while there are none.
    pub(crate) fn flush_history_at(&self) -> Option<Timestamp> {
        self.history.as_ref()?.flush_at(self.history_batch())
    }

    /// Writes all entries that wait.
    pub(crate) async fn flush_history(&self, now: Timestamp) -> Result<(), StoreError> {
        while let Some(leaving) = self.leaving_history(now) {
            let batch = CommitBatch::new(Vec::new(), leaving.entries());
            let result = self.store.commit(batch).await;
            leaving.settle(&self.alias, result.as_ref().err());
            result?;
        }
        Ok(())
    }

    /// Commits, and takes along what waits to be written down.
    pub(crate) async fn commit(
        &self,
        commits: Vec<Commit>,
        now: Timestamp,
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        let Some(leaving) = self.leaving_history(now) else {
            return self.store.commit(commits.into()).await;
        };
        let result = self.store.commit(CommitBatch::new(commits, leaving.entries())).await;
        leaving.settle(&self.alias, result.as_ref().err());
        result
    }

    /// Forgets what is old, in a task of its own.
    pub(crate) fn start_forgetting(self: &Arc<Self>, now: Timestamp) {
        let (Some(history), Some(runtime)) = (&self.history, self.shared.runtime()) else {
            return;
        };
        let (slot, options) = (Arc::clone(self), history.options());
        let work = runtime.spawn(async move {
            if let Err(error) = forget(&slot, options, now).await {
                tracing::warn!(store = %slot.alias, error = %error_chain(&error), "old runs could not be forgotten");
            }
        });
        history.set_forgetting(Some(work.abort_handle()));
    }

    /// Forgets nothing any more.
    pub(crate) fn stop_forgetting(&self) {
        if let Some(history) = &self.history {
            history.set_forgetting(None);
        }
    }
}

/// Forgets what need not be kept any more, in small steps, so that no commit waits long for one.
async fn forget(slot: &Slot, options: HistoryOptions, now: Timestamp) -> Result<(), StoreError> {
    let Some(history) = &slot.history else {
        return Ok(());
    };
    let store = &slot.store;
    if let Some(age) = options.max_age {
        let before = now.saturating_sub(age);
        while is_full(store.forget_history_before(before, FORGET_BATCH).await?) {
            tokio::task::yield_now().await;
        }
    }
    let crowded = history.take_crowded();
    for jobs in crowded.chunks(FORGET_BATCH) {
        let keep = options.max_per_job.unwrap_or(usize::MAX);
        while is_full(store.forget_history_beyond(jobs, keep, FORGET_BATCH).await?) {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

fn is_full(forgotten: u64) -> bool {
    forgotten >= FORGET_BATCH as u64
}
