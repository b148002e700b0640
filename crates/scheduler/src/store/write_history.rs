//! Writing and pruning the run history of a store.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    Commit, CommitBatch, CommitOutcome, HistoryRecord, StoreError, Timestamp, error_chain,
};

use super::history::{HistoryBatch, over_limit};
use super::registered::RegisteredStore;
use crate::shared::HistoryOptions;

/// Size of an entry with the longest error and the longest names.
const MAX_ENTRY_BYTES: usize = HistoryRecord::MAX_ERROR + 3_000;

/// Maximum number of entries removed, and of jobs checked, in one call.
const PRUNE_BATCH: usize = 1_000;

/// The time after which a pruning task that has not ended is aborted.
const MAX_PRUNING: Duration = Duration::from_secs(900);

impl RegisteredStore {
    /// Maximum number of entries in one batch.
    fn history_batch(&self) -> usize {
        let wanted = self.cap_batch(self.shared.settings.batch);
        wanted.min(self.caps.max_batch.bytes / MAX_ENTRY_BYTES).max(1)
    }

    /// Takes the entries for the next batch. Returns `None` if none are buffered.
    fn take_history_batch(&self, now: Timestamp) -> Option<HistoryBatch<'_>> {
        self.history.as_ref()?.take_batch(self.history_batch(), now)
    }

    /// Time at which the buffered entries must be written. `None` if none are buffered.
    pub(crate) fn flush_history_at(&self) -> Option<Timestamp> {
        self.history.as_ref()?.flush_at(self.history_batch())
    }

    /// Writes all buffered entries.
    pub(crate) async fn flush_history(&self, now: Timestamp) -> Result<(), StoreError> {
        while let Some(batch) = self.take_history_batch(now) {
            let commits = CommitBatch::new(Vec::new(), batch.entries());
            let result = self.backend.commit(commits).await;
            batch.complete(&self.alias, result.as_ref().err());
            result?;
        }
        Ok(())
    }

    /// Commits, together with buffered history entries.
    pub(crate) async fn commit(
        &self,
        commits: Vec<Commit>,
        now: Timestamp,
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        let Some(batch) = self.take_history_batch(now) else {
            return self.backend.commit(commits.into()).await;
        };
        let result = self.backend.commit(CommitBatch::new(commits, batch.entries())).await;
        batch.complete(&self.alias, result.as_ref().err());
        result
    }

    /// Prunes old entries in a separate task, unless the last one is still at work: if there is more to prune than the store
    /// does in an interval, to start again would be slower. After [`MAX_PRUNING`] it is replaced, because its call may hang.
    pub(crate) fn start_pruning(self: &Arc<Self>, now: Timestamp) {
        let (Some(history), Some(runtime)) = (&self.history, self.shared.runtime()) else {
            return;
        };
        match history.pruning_for(now) {
            Some(since) if since < MAX_PRUNING => return,
            Some(_) => {
                tracing::warn!(target: "punctual::scheduler", store = %self.alias, "history pruning has not ended within {MAX_PRUNING:?} and begins again");
            }
            None => {}
        }
        let (store, options) = (Arc::clone(self), history.options());
        let work = runtime.spawn(async move {
            if let Err(error) = prune(&store, options, now).await {
                tracing::warn!(target: "punctual::scheduler", store = %store.alias, error = %error_chain(&error), "history pruning failed");
            }
        });
        history.set_pruning_task(Some((work.abort_handle(), now)));
    }

    /// Aborts the pruning task.
    pub(crate) fn stop_pruning(&self) {
        if let Some(history) = &self.history {
            history.set_pruning_task(None);
        }
    }
}

/// Prunes entries in small steps, so that commits are not delayed for long.
async fn prune(
    store: &RegisteredStore,
    options: HistoryOptions,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(history) = &store.history else {
        return Ok(());
    };
    let backend = &store.backend;
    if let Some(age) = options.max_age {
        let before = now.saturating_sub(age);
        while is_full(backend.delete_history_before(before, PRUNE_BATCH).await?) {
            tokio::task::yield_now().await;
        }
    }
    let jobs_over_limit = history.take_jobs_over_limit();
    let keep = options.max_per_job.unwrap_or(usize::MAX);
    for jobs in jobs_over_limit.chunks(jobs_of_batch(keep)) {
        while is_full(backend.trim_history(jobs, keep, PRUNE_BATCH).await?) {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

/// The number of jobs that have about as many entries over their limit as one call removes. With more jobs each of several
/// calls would count again the entries that all of them keep.
fn jobs_of_batch(keep: usize) -> usize {
    (PRUNE_BATCH / (over_limit(keep) + 1)).max(1)
}

fn is_full(removed: u64) -> bool {
    removed >= PRUNE_BATCH as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_trims_the_more_jobs_the_fewer_entries_they_keep() {
        assert_eq!([0, 10, 1_000, 100_000, usize::MAX].map(jobs_of_batch), [1_000, 333, 3, 1, 1]);
    }
}
