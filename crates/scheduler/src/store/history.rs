//! Buffer of history entries that are not written yet.

use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{Alias, HistoryRecord, JobId, StoreError, Timestamp, error_chain};
use rustc_hash::FxHashSet;
use tokio::task::AbortHandle;

use crate::shared::HistoryOptions;

/// Maximum time that an entry is buffered for a commit that includes it.
const MAX_FLUSH_DELAY: Duration = Duration::from_secs(1);

/// Buffers the history entries of a store until they are written.
pub(crate) struct History {
    options: HistoryOptions,
    buffer: Mutex<HistoryBuffer>,
    /// Jobs that may have more entries than `max_per_job`.
    jobs_over_limit: Mutex<FxHashSet<JobId>>,
    /// The pruning task, and when it was started.
    pruning: Mutex<Option<(AbortHandle, Timestamp)>>,
}

#[derive(Default)]
struct HistoryBuffer {
    entries: Vec<HistoryRecord>,
    /// Time at which the first of the entries was added.
    since: Option<Timestamp>,
}

impl History {
    /// Returns `None` if the history is disabled.
    pub(super) fn new(options: HistoryOptions) -> Option<Self> {
        let (buffer, jobs_over_limit, pruning) = Default::default();
        options.on.then_some(Self { options, buffer, jobs_over_limit, pruning })
    }

    pub(crate) fn record(&self, entry: HistoryRecord, now: Timestamp) {
        // Checking a job's entry count is linear in the count, so it is sampled.
        let limit = self.options.max_per_job;
        if limit.is_some_and(|limit| fastrand::usize(..=over_limit(limit)) == 0) {
            self.jobs_over_limit.lock().insert(entry.job_id.clone());
        }
        let mut buffer = self.buffer.lock();
        buffer.since.get_or_insert(now);
        buffer.entries.push(entry);
    }

    /// Number of entries that are not written yet.
    pub(crate) fn buffered(&self) -> usize {
        self.buffer.lock().entries.len()
    }

    pub(super) fn options(&self) -> HistoryOptions {
        self.options
    }

    /// Takes the oldest entries, at most `limit`, out of the buffer. Returns `None` if it is empty.
    pub(super) fn take_batch(&self, limit: usize, now: Timestamp) -> Option<HistoryBatch<'_>> {
        let entries = self.take_entries(limit);
        (!entries.is_empty()).then_some(HistoryBatch { history: self, entries, now })
    }

    /// Returns and clears the jobs that may have too many entries.
    pub(super) fn take_jobs_over_limit(&self) -> Vec<JobId> {
        std::mem::take(&mut *self.jobs_over_limit.lock()).into_iter().collect()
    }

    fn take_entries(&self, limit: usize) -> Vec<HistoryRecord> {
        let mut buffer = self.buffer.lock();
        if buffer.entries.len() <= limit {
            buffer.since = None;
            return std::mem::take(&mut buffer.entries);
        }
        buffer.entries.drain(..limit).collect()
    }

    /// Time at which the buffered entries are written without other commits.
    pub(super) fn flush_at(&self, limit: usize) -> Option<Timestamp> {
        let buffer = self.buffer.lock();
        let since = buffer.since?;
        Some(if buffer.entries.len() >= limit {
            since
        } else {
            since.saturating_add(MAX_FLUSH_DELAY)
        })
    }

    /// For how long the pruning task has been at work; `None` if it has ended.
    pub(super) fn pruning_for(&self, now: Timestamp) -> Option<Duration> {
        let pruning = self.pruning.lock();
        let (task, since) = pruning.as_ref()?;
        (!task.is_finished()).then(|| now.saturating_since(*since))
    }

    /// Sets the pruning task and when it was started, and aborts the previous one.
    pub(super) fn set_pruning_task(&self, task: Option<(AbortHandle, Timestamp)>) {
        if let Some((before, _)) = std::mem::replace(&mut *self.pruning.lock(), task) {
            before.abort();
        }
    }
}

/// The number of entries over its limit that a job has on average when it is checked, or more if it runs so often between
/// two prunings.
pub(super) fn over_limit(max_per_job: usize) -> usize {
    max_per_job / 4
}

/// A batch of history entries being written. Entries return to the buffer unless the batch completes, including on
/// cancellation. Entries that were already written are deduplicated by key.
pub(super) struct HistoryBatch<'s> {
    history: &'s History,
    entries: Vec<HistoryRecord>,
    now: Timestamp,
}

impl HistoryBatch<'_> {
    pub(super) fn entries(&self) -> Vec<HistoryRecord> {
        self.entries.clone()
    }

    /// Completes the batch. After a retryable error the entries return to the buffer. Entries that the store rejects
    /// are discarded, because they would block all later commits.
    pub(super) fn complete(mut self, store: &Alias, error: Option<&StoreError>) {
        if error.is_some_and(StoreError::is_retryable) {
            return;
        }
        let entries = std::mem::take(&mut self.entries).len();
        if let Some(error) = error {
            tracing::error!(target: "punctual::scheduler", %store, error = %error_chain(error), entries, "history entries discarded: the store rejected them");
        }
    }
}

impl Drop for HistoryBatch<'_> {
    fn drop(&mut self) {
        if !self.entries.is_empty() {
            let mut buffer = self.history.buffer.lock();
            buffer.since = Some(self.now);
            buffer.entries.splice(0..0, self.entries.drain(..));
        }
    }
}
