//! The history of runs that have ended, on its way into the store, and forgetting it in time.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{
    Commit, CommitBatch, CommitOutcome, HistoryEntry, JobId, StoreError, Timestamp,
};
use rustc_hash::FxHashSet;
use tokio::task::AbortHandle;

use super::slot::Slot;
use crate::shared::HistoryOptions;

/// How long an entry waits for a commit to go with.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// The size of an entry with the longest error and the longest names.
const ENTRY_BYTES: usize = HistoryEntry::MAX_ERROR + 3_000;

/// How many entries are forgotten in one step, and the jobs looked at in one.
const FORGET_BATCH: usize = 1_000;

/// The history of a store's runs, on its way into the store.
pub(crate) struct History {
    options: HistoryOptions,
    waiting: Mutex<Waiting>,
    /// Jobs of which there may be more entries than are to be kept.
    crowded: Mutex<FxHashSet<JobId>>,
    /// Forgets what is old.
    forgetting: Mutex<Option<AbortHandle>>,
}

#[derive(Default)]
struct Waiting {
    entries: Vec<HistoryEntry>,
    /// Since when the first of them has waited.
    since: Option<Timestamp>,
}

impl History {
    /// None when nothing is to be written down.
    pub(super) fn new(options: HistoryOptions) -> Option<Self> {
        let (waiting, crowded, forgetting) = Default::default();
        options.on.then_some(Self { options, waiting, crowded, forgetting })
    }

    pub(crate) fn record(&self, entry: HistoryEntry, now: Timestamp) {
        // Looking at a job costs as much as it has entries: one of many runs makes up for that.
        let most = self.options.max_per_job;
        if most.is_some_and(|most| fastrand::usize(..=most / 4) == 0) {
            self.crowded.lock().insert(entry.job_id.clone());
        }
        let mut waiting = self.waiting.lock();
        waiting.since.get_or_insert(now);
        waiting.entries.push(entry);
    }

    /// Takes out the oldest entries.
    fn take(&self, most: usize) -> Vec<HistoryEntry> {
        let mut waiting = self.waiting.lock();
        if waiting.entries.len() <= most {
            waiting.since = None;
            return std::mem::take(&mut waiting.entries);
        }
        waiting.entries.drain(..most).collect()
    }

    /// When the entries that wait are written without a commit to go with.
    fn flush_at(&self, most: usize) -> Option<Timestamp> {
        let waiting = self.waiting.lock();
        let since = waiting.since?;
        Some(if waiting.entries.len() >= most { since } else { since.saturating_add(MAX_WAIT) })
    }

    fn stop_forgetting(&self) {
        if let Some(forgetting) = self.forgetting.lock().take() {
            forgetting.abort();
        }
    }
}

/// Entries on their way into the store. They wait on unless the batch is settled, also when the call is cut
/// off: those that have arrived all the same are told by their keys.
struct Leaving<'s> {
    history: &'s History,
    entries: Vec<HistoryEntry>,
    now: Timestamp,
}

impl Leaving<'_> {
    fn entries(&self) -> Vec<HistoryEntry> {
        self.entries.clone()
    }

    /// What becomes of them by what became of their batch. Ones that the store will never take must not keep
    /// it from taking anything else.
    fn settle(mut self, slot: &Slot, error: Option<&StoreError>) {
        if error.is_some_and(StoreError::is_retryable) {
            return;
        }
        let entries = std::mem::take(&mut self.entries).len();
        if let Some(error) = error {
            let store = &slot.alias;
            tracing::error!(%store, %error, entries, "the history of runs is not complete");
        }
    }
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if !self.entries.is_empty() {
            let mut waiting = self.history.waiting.lock();
            waiting.since = Some(self.now);
            waiting.entries.splice(0..0, self.entries.drain(..));
        }
    }
}

impl Slot {
    /// How many entries go with one batch.
    fn history_batch(&self) -> usize {
        let wanted = self.batch(self.shared.settings.batch);
        wanted.min(self.caps.max_batch.bytes / ENTRY_BYTES).max(1)
    }

    /// The entries that go with the next batch, if any wait.
    fn leaving_history(&self, now: Timestamp) -> Option<Leaving<'_>> {
        let history = self.history.as_ref()?;
        let entries = history.take(self.history_batch());
        (!entries.is_empty()).then_some(Leaving { history, entries, now })
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
            leaving.settle(self, result.as_ref().err());
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
        leaving.settle(self, result.as_ref().err());
        result
    }

    /// Forgets what is old, in a task of its own.
    pub(crate) fn start_forgetting(self: &Arc<Self>, now: Timestamp) {
        let (Some(history), Some(runtime)) = (&self.history, self.shared.runtime()) else {
            return;
        };
        let (slot, options) = (Arc::clone(self), history.options);
        let work = runtime.spawn(async move {
            if let Err(error) = forget(&slot, options, now).await {
                tracing::warn!(store = %slot.alias, %error, "old runs could not be forgotten");
            }
        });
        if let Some(before) = history.forgetting.lock().replace(work.abort_handle()) {
            before.abort();
        }
    }

    /// Forgets nothing any more.
    pub(crate) fn stop_forgetting(&self) {
        if let Some(history) = &self.history {
            history.stop_forgetting();
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
    let crowded = std::mem::take(&mut *history.crowded.lock());
    let crowded: Vec<JobId> = crowded.into_iter().collect();
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
