//! The history of finished runs.

use std::cmp::Reverse;
use std::future::Future;

use serde::{Deserialize, Serialize};

use super::{CorruptRecord, NodeId, RunId, StoreError, StoreErrorKind};
use crate::event::{OutcomeKind, RunEvent, RunOutcome};
use crate::job::JobId;
use crate::task::TaskName;
use crate::time::Timestamp;

/// The history of finished runs. A store without a history implements the trait without overriding its methods; a
/// store with a history sets [`StoreCaps::history`](super::StoreCaps::history).
///
/// Entries are added by [`JobStore::commit`](super::JobStore::commit), are never modified, and persist after the
/// removal of their jobs (`history::entries_persist_after_the_removal_of_jobs`). They are retained until a scheduler
/// deletes them according to its configuration.
///
/// # Errors
///
/// All methods return [`Unsupported`](StoreErrorKind::Unsupported) if the store has no history.
pub trait RunHistory: Send + Sync {
    /// Returns the entries that match the query, newest first: by [`finished`](HistoryEntry::finished), then by run
    /// id, then by attempt, in descending order. A limit of 0 returns an empty page without a cursor.
    fn read_history(
        &self,
        query: &HistoryQuery,
    ) -> impl Future<Output = Result<HistoryPage, StoreError>> + Send {
        let _ = query;
        async { Err(unsupported()) }
    }

    /// Deletes up to `limit` entries of runs that finished before `before`, oldest first, and returns their number.
    /// If it is less than `limit`, no further entries match.
    fn delete_history_before(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        let _ = (before, limit);
        async { Err(unsupported()) }
    }

    /// Deletes all but the newest `keep` entries of each of these jobs, up to `limit` entries in total, and returns
    /// their number. If it is less than `limit`, no further entries match. A job that is listed twice counts once.
    fn trim_history(
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
    StoreError::new(StoreErrorKind::Unsupported, "this job store does not support run history")
}

/// A finished attempt of a run.
///
/// Identified by its [cursor](Self::cursor): the finish time, the run and the attempt. A store does not modify an existing
/// entry with the same cursor, so that a batch can be repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The id of the run, shared by all its attempts.
    pub run_id: RunId,
    /// The attempt number, starting at 1. A larger number means that an earlier attempt did not finish: its process
    /// terminated or lost its lease, or no executor completed the run. An attempt whose outcome is unknown has no
    /// entry.
    pub attempt: u32,
    /// The id of the job.
    pub job_id: JobId,
    /// The name of the task.
    pub task: TaskName,
    /// The node that ran the attempt.
    pub node: NodeId,
    /// The time computed by the trigger.
    pub scheduled_time: Timestamp,
    /// When the attempt started; `None` if it was not started.
    pub started: Option<Timestamp>,
    /// When the attempt finished, or when it was determined that it will not start.
    pub finished: Timestamp,
    /// The outcome.
    pub outcome: OutcomeKind,
    /// The error text of at most [`MAX_ERROR`](Self::MAX_ERROR) bytes without NUL characters; `None` for successful
    /// runs and for outcomes without details.
    pub error: Option<String>,
}

impl HistoryEntry {
    /// The maximum length of an error text in bytes. A longer text is truncated and ends with `…`.
    pub const MAX_ERROR: usize = 2_000;

    /// Creates an entry for a run that has finished, or that will not start, as determined at `now`. An event without
    /// an outcome is treated as a lost run.
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
            error: outcome.and_then(RunOutcome::error_text).map(sanitize_error_text),
        }
    }

    /// Returns the key of the entry, which is also its sort key.
    #[must_use]
    pub fn cursor(&self) -> HistoryCursor {
        HistoryCursor { finished: self.finished, run_id: self.run_id, attempt: self.attempt }
    }
}

/// Replaces NUL characters, which some databases reject, and truncates the text.
fn sanitize_error_text(mut text: String) -> String {
    if text.contains('\0') {
        text = text.replace('\0', "\u{FFFD}");
    }
    if text.len() > HistoryEntry::MAX_ERROR {
        text.truncate(text.floor_char_boundary(HistoryEntry::MAX_ERROR - '…'.len_utf8()));
        text.push('…');
    }
    text
}

/// A query of the run history.
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
    /// Only runs with one of these outcomes; all outcomes if empty.
    pub outcomes: Vec<OutcomeKind>,
    /// Only runs that finished at this instant or later.
    pub since: Option<Timestamp>,
    /// Only runs that finished before this instant.
    pub until: Option<Timestamp>,
    /// Only entries after this one in descending order, that is, older ones.
    pub after: Option<HistoryCursor>,
    /// The maximum number of entries. Default: 100.
    pub limit: usize,
}

impl HistoryQuery {
    /// Creates a query for the newest 100 entries.
    pub fn new() -> Self {
        Self { job: None, outcomes: Vec::new(), since: None, until: None, after: None, limit: 100 }
    }

    /// Selects only runs of this job.
    pub fn job(mut self, job: JobId) -> Self {
        self.job = Some(job);
        self
    }

    /// Selects runs with this outcome, in addition to those added before.
    pub fn outcome(mut self, outcome: OutcomeKind) -> Self {
        self.outcomes.push(outcome);
        self
    }

    /// Selects only runs that finished at this instant or later.
    pub fn since(mut self, since: impl Into<Timestamp>) -> Self {
        self.since = Some(since.into());
        self
    }

    /// Selects only runs that finished before this instant.
    pub fn until(mut self, until: impl Into<Timestamp>) -> Self {
        self.until = Some(until.into());
        self
    }

    /// Sets the start of the page: [`HistoryPage::next`] of the previous page.
    pub fn after(mut self, cursor: HistoryCursor) -> Self {
        self.after = Some(cursor);
        self
    }

    /// Sets the maximum number of entries.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Returns whether an entry matches the query, ignoring the limit; for stores without a query language.
    #[must_use]
    pub fn matches(&self, entry: &HistoryEntry) -> bool {
        self.job.as_ref().is_none_or(|job| *job == entry.job_id)
            && (self.outcomes.is_empty() || self.outcomes.contains(&entry.outcome))
            && self.since.is_none_or(|since| entry.finished >= since)
            && self.until.is_none_or(|until| entry.finished < until)
            && self.after.is_none_or(|after| entry.cursor() < after)
    }
}

impl Default for HistoryQuery {
    fn default() -> Self {
        Self::new()
    }
}

/// The key of an entry. Newer entries have larger keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HistoryCursor {
    /// When the attempt finished.
    pub finished: Timestamp,
    /// The id of the run.
    pub run_id: RunId,
    /// The attempt number.
    pub attempt: u32,
}

/// A page of the run history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryPage {
    /// The entries, newest first.
    pub entries: Vec<HistoryEntry>,
    /// The cursor of the next page; `None` if this is the last page.
    pub next: Option<HistoryCursor>,
    /// Entries within the page that can't be decoded.
    pub corrupt: Vec<CorruptRecord>,
}

impl HistoryPage {
    /// Creates a page without corrupt entries.
    #[must_use]
    pub fn new(entries: Vec<HistoryEntry>, next: Option<HistoryCursor>) -> Self {
        Self { entries, next, corrupt: Vec::new() }
    }

    /// Creates the page of a query from matching entries in any order: all of them, or at least the newest `limit +
    /// 1`.
    #[must_use]
    pub fn of(mut entries: Vec<HistoryEntry>, limit: usize) -> Self {
        entries.sort_unstable_by_key(|entry| Reverse(entry.cursor()));
        let more = entries.len() > limit;
        entries.truncate(limit);
        let next = entries.last().filter(|_| more).map(HistoryEntry::cursor);
        Self { entries, next, corrupt: Vec::new() }
    }
}
