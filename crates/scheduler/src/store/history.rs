//! The history of runs that have ended, on its way into the store.

use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{Alias, HistoryEntry, JobId, StoreError, Timestamp, error_chain};
use rustc_hash::FxHashSet;
use tokio::task::AbortHandle;

use crate::shared::HistoryOptions;

/// How long an entry waits for a commit to go with.
const MAX_WAIT: Duration = Duration::from_secs(1);

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

    pub(super) fn options(&self) -> HistoryOptions {
        self.options
    }

    /// Takes out the oldest entries, if there are any.
    pub(super) fn leave(&self, most: usize, now: Timestamp) -> Option<Leaving<'_>> {
        let entries = self.take(most);
        (!entries.is_empty()).then_some(Leaving { history: self, entries, now })
    }

    /// Takes out the jobs of which there may be too many entries.
    pub(super) fn take_crowded(&self) -> Vec<JobId> {
        std::mem::take(&mut *self.crowded.lock()).into_iter().collect()
    }

    fn take(&self, most: usize) -> Vec<HistoryEntry> {
        let mut waiting = self.waiting.lock();
        if waiting.entries.len() <= most {
            waiting.since = None;
            return std::mem::take(&mut waiting.entries);
        }
        waiting.entries.drain(..most).collect()
    }

    /// When the entries that wait are written without a commit to go with.
    pub(super) fn flush_at(&self, most: usize) -> Option<Timestamp> {
        let waiting = self.waiting.lock();
        let since = waiting.since?;
        Some(if waiting.entries.len() >= most { since } else { since.saturating_add(MAX_WAIT) })
    }

    /// Lets this task forget what is old, instead of the one before.
    pub(super) fn set_forgetting(&self, task: Option<AbortHandle>) {
        if let Some(before) = std::mem::replace(&mut *self.forgetting.lock(), task) {
            before.abort();
        }
    }
}

/// Entries on their way into the store. They wait on unless the batch is settled, also when the call is cut
/// off: those that have arrived all the same are told by their keys.
pub(super) struct Leaving<'s> {
    history: &'s History,
    entries: Vec<HistoryEntry>,
    now: Timestamp,
}

impl Leaving<'_> {
    pub(super) fn entries(&self) -> Vec<HistoryEntry> {
        self.entries.clone()
    }

    /// What becomes of them by what became of their batch. Ones that the store will never take must not keep
    /// it from taking anything else.
    pub(super) fn settle(mut self, store: &Alias, error: Option<&StoreError>) {
        if error.is_some_and(StoreError::is_retryable) {
            return;
        }
        let entries = std::mem::take(&mut self.entries).len();
        if let Some(error) = error {
            tracing::error!(%store, error = %error_chain(error), entries, "the history of runs is not complete");
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
