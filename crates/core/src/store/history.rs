//! What became of past runs.

use std::cmp::Reverse;
use std::future::Future;

use serde::{Deserialize, Serialize};

use super::{CorruptRecord, NodeId, RunId, StoreError, StoreErrorKind};
use crate::event::{OutcomeKind, RunEvent, RunOutcome};
use crate::job::JobId;
use crate::task::TaskName;
use crate::time::Timestamp;

/// The runs of a store's jobs that have ended. A store that keeps none implements the trait and none of its
/// methods; one that does says so in [`StoreCaps::history`](super::StoreCaps::history).
///
/// Entries come in with [`JobStore::commit`](super::JobStore::commit), are never changed, and outlive
/// their jobs (`remembering::it_outlives_the_jobs`). They are kept until somebody forgets them: schedulers do, as
/// their users have told them.
///
/// # Errors
///
/// [`Unsupported`](StoreErrorKind::Unsupported), from all methods, when the store keeps no history.
pub trait RunHistory: Send + Sync {
    /// The entries that the query asks for, newest first: by [`finished`](HistoryEntry::finished), then by
    /// run, then by attempt, the larger first. A limit of 0 gives an empty page and no cursor.
    fn read_history(
        &self,
        query: &HistoryQuery,
    ) -> impl Future<Output = Result<HistoryPage, StoreError>> + Send {
        let _ = query;
        async { Err(unsupported()) }
    }

    /// Forgets up to `limit` entries of runs that ended before the instant, oldest first; how many. Fewer
    /// than `limit`: all of them.
    fn forget_history_before(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        let _ = (before, limit);
        async { Err(unsupported()) }
    }

    /// Of each of these jobs, forgets all but the newest `keep` entries, up to `limit` in all; how many.
    /// Fewer than `limit`: all of them.
    fn forget_history_beyond(
        &self,
        jobs: &[JobId],
        keep: usize,
        limit: usize,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        let _ = (jobs, keep, limit);
        async { Err(unsupported()) }
    }
}

fn unsupported() -> StoreError {
    StoreError::new(StoreErrorKind::Unsupported, "this kind of job store keeps no history of runs")
}

/// A run that has ended: one attempt of it.
///
/// Known by its [key](Self::key): when it ended, its run, its attempt. A store that has an entry of the
/// same key leaves it as it is, so that a batch can be repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The run; its further attempts have the same.
    pub run_id: RunId,
    /// 1 for the first attempt. A larger one says that the process of the one before died, or seemed
    /// to: that attempt has an entry only if its process lived on and brought it to its end.
    pub attempt: u32,
    /// The job.
    pub job_id: JobId,
    /// The task that was run.
    pub task: TaskName,
    /// The process that ran it.
    pub node: NodeId,
    /// The time that the trigger gave.
    pub scheduled_time: Timestamp,
    /// When it began, if it did.
    pub started: Option<Timestamp>,
    /// When it ended, or when it was clear that it will not begin.
    pub finished: Timestamp,
    /// How it ended.
    pub outcome: OutcomeKind,
    /// What went wrong, at most [`MAX_ERROR`](Self::MAX_ERROR) bytes without NUL characters; none after
    /// a success, and where the outcome says it all.
    pub error: Option<String>,
}

impl HistoryEntry {
    /// How many bytes of an error are kept; of a longer one the beginning, with `…` at its end.
    pub const MAX_ERROR: usize = 2_000;

    /// The entry of a run that has ended, or that at `now` will not begin any more. An event without an
    /// outcome is taken for a lost run.
    #[must_use]
    pub fn new(event: &RunEvent, task: TaskName, node: NodeId, now: Timestamp) -> Self {
        let outcome = event.outcome.as_ref();
        Self {
            run_id: event.run_id,
            attempt: event.attempt,
            job_id: event.job.job_id.clone(),
            task,
            node,
            scheduled_time: event.scheduled_time,
            started: event.started,
            finished: event.finished.unwrap_or(now),
            outcome: outcome.map_or(OutcomeKind::Lost, RunOutcome::kind),
            error: outcome.and_then(RunOutcome::error_text).map(bounded),
        }
    }

    /// What the entry is known by, and sorted by.
    #[must_use]
    pub fn key(&self) -> HistoryCursor {
        HistoryCursor { finished: self.finished, run_id: self.run_id, attempt: self.attempt }
    }
}

/// A text that any database takes, and not too much of it.
fn bounded(mut text: String) -> String {
    if text.contains('\0') {
        text = text.replace('\0', "\u{FFFD}");
    }
    if text.len() > HistoryEntry::MAX_ERROR {
        text.truncate(text.floor_char_boundary(HistoryEntry::MAX_ERROR - '…'.len_utf8()));
        text.push('…');
    }
    text
}

/// Which past runs to tell of.
///
/// ```
/// use punctual_core::{HistoryQuery, JobId, OutcomeKind};
///
/// let query = HistoryQuery::new().job(JobId::new("report")?).outcome(OutcomeKind::Failed).limit(20);
/// assert_eq!(query.limit, 20);
/// # Ok::<(), punctual_core::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "a query does nothing until it is given to a scheduler"]
pub struct HistoryQuery {
    /// Only runs of this job.
    pub job: Option<JobId>,
    /// Only runs that ended in one of these ways; empty: in any.
    pub outcomes: Vec<OutcomeKind>,
    /// Only runs that ended at this instant or later.
    pub since: Option<Timestamp>,
    /// Only runs that ended before this instant.
    pub until: Option<Timestamp>,
    /// Only what comes after this entry, in a list that has the newest first.
    pub after: Option<HistoryCursor>,
    /// How many entries at most; 100 unless chosen.
    pub limit: usize,
}

impl HistoryQuery {
    /// The newest 100 entries.
    pub fn new() -> Self {
        Self { job: None, outcomes: Vec::new(), since: None, until: None, after: None, limit: 100 }
    }

    /// Only runs of this job.
    pub fn job(mut self, job: JobId) -> Self {
        self.job = Some(job);
        self
    }

    /// Only runs that ended in this way, or in one of those named so far.
    pub fn outcome(mut self, outcome: OutcomeKind) -> Self {
        self.outcomes.push(outcome);
        self
    }

    /// Only runs that ended at this instant or later.
    pub fn since(mut self, since: impl Into<Timestamp>) -> Self {
        self.since = Some(since.into());
        self
    }

    /// Only runs that ended before this instant.
    pub fn until(mut self, until: impl Into<Timestamp>) -> Self {
        self.until = Some(until.into());
        self
    }

    /// The page that begins after this entry: [`HistoryPage::next`] of the one before.
    pub fn after(mut self, cursor: HistoryCursor) -> Self {
        self.after = Some(cursor);
        self
    }

    /// How many entries at most.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Whether an entry is one of those asked for, but for the limit; for stores without a query
    /// language.
    #[must_use]
    pub fn matches(&self, entry: &HistoryEntry) -> bool {
        self.job.as_ref().is_none_or(|job| *job == entry.job_id)
            && (self.outcomes.is_empty() || self.outcomes.contains(&entry.outcome))
            && self.since.is_none_or(|since| entry.finished >= since)
            && self.until.is_none_or(|until| entry.finished < until)
            && self.after.is_none_or(|after| entry.key() < after)
    }
}

impl Default for HistoryQuery {
    fn default() -> Self {
        Self::new()
    }
}

/// Where an entry stands among all: the larger, the newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HistoryCursor {
    /// When the run ended.
    pub finished: Timestamp,
    /// The run.
    pub run_id: RunId,
    /// The attempt.
    pub attempt: u32,
}

/// Some past runs, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryPage {
    /// The entries, newest first.
    pub entries: Vec<HistoryEntry>,
    /// Where the next page begins; none when this is the last.
    pub next: Option<HistoryCursor>,
    /// Entries that stand here and can't be read.
    pub corrupt: Vec<CorruptRecord>,
}

impl HistoryPage {
    /// A page of which all can be read, from entries in their order.
    #[must_use]
    pub fn new(entries: Vec<HistoryEntry>, next: Option<HistoryCursor>) -> Self {
        Self { entries, next, corrupt: Vec::new() }
    }

    /// The page of a query, from entries in any order that match it: all there are, or at least one more
    /// than its limit, the newest among them.
    #[must_use]
    pub fn of(mut entries: Vec<HistoryEntry>, limit: usize) -> Self {
        entries.sort_unstable_by_key(|entry| Reverse(entry.key()));
        let more = entries.len() > limit;
        entries.truncate(limit);
        let next = entries.last().filter(|_| more).map(HistoryEntry::key);
        Self { entries, next, corrupt: Vec::new() }
    }
}
