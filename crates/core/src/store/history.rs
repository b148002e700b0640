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
/// Records are added by [`JobStore::commit`](super::JobStore::commit), are never modified, and persist after the
/// removal of their jobs (`history::entries_persist_after_the_removal_of_jobs`). They are retained until a scheduler
/// deletes them according to its configuration.
///
/// # Errors
///
/// All methods return [`Unsupported`](StoreErrorKind::Unsupported) if the store has no history.
pub trait RunHistory: Send + Sync {
    /// Returns the records that match the query, newest first: by [`finished`](HistoryRecord::finished), then by run
    /// id, then by attempt, in descending order. A limit of 0 returns an empty page without a cursor.
    fn read_history(
        &self,
        query: &HistoryRecordQuery,
    ) -> impl Future<Output = Result<HistoryRecordPage, StoreError>> + Send {
        let _ = query;
        async { Err(unsupported()) }
    }

    /// Deletes up to `limit` records of runs that finished before `before`, oldest first, and returns their number.
    /// If it is less than `limit`, no further records match.
    fn delete_history_before(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        let _ = (before, limit);
        async { Err(unsupported()) }
    }

    /// Deletes all but the newest `keep` records of each of these jobs, up to `limit` records in total, and returns
    /// their number. If it is less than `limit`, no further records match. A job that is listed twice counts once.
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

/// The stored record of a finished attempt of a run.
///
/// Identified by its [cursor](Self::cursor): the finish time, the run and the attempt. A store does not modify an
/// existing record with the same cursor, so that a batch can be repeated. A store must store every field; therefore the
/// struct is exhaustive, and a new field is an incompatible change. Schedulers return a record as a `HistoryEntry`,
/// which also refers to the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryRecord {
    /// The id of the run, shared by all its attempts.
    pub run_id: RunId,
    /// The attempt number, starting at 1. A larger number means that an earlier attempt did not finish: its process
    /// terminated or lost its lease, or no executor completed the run. An attempt whose outcome is unknown has no
    /// record.
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

impl HistoryRecord {
    /// The maximum length of an error text in bytes. A longer text is truncated and ends with `…`.
    pub const MAX_ERROR: usize = 2_000;

    /// Creates a record of a run that has finished, or that will not start, as determined at `now`. An event without
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

    /// Returns the key of the record, which is also its sort key.
    #[must_use]
    pub fn cursor(&self) -> HistoryCursor {
        HistoryCursor::new(self.finished, self.run_id, self.attempt)
    }
}

/// Replaces NUL characters, which some databases reject, and truncates the text.
fn sanitize_error_text(mut text: String) -> String {
    if text.contains('\0') {
        text = text.replace('\0', "\u{FFFD}");
    }
    if text.len() > HistoryRecord::MAX_ERROR {
        text.truncate(text.floor_char_boundary(HistoryRecord::MAX_ERROR - '…'.len_utf8()));
        text.push('…');
    }
    text
}

/// A query of the run history of one store. A scheduler creates it from a `HistoryQuery`.
///
/// ```
/// use punctual_core::{HistoryRecordQuery, JobId, OutcomeKind};
///
/// let job = JobId::new("report")?;
/// let query = HistoryRecordQuery::new().job(job).outcome(OutcomeKind::Failed).limit(20);
/// assert_eq!(query.limit, 20);
/// # Ok::<(), punctual_core::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "a query does nothing until it is given to a store"]
pub struct HistoryRecordQuery {
    /// Only runs of this job.
    pub job: Option<JobId>,
    /// Only runs with one of these outcomes; all outcomes if empty.
    pub outcomes: Vec<OutcomeKind>,
    /// Only runs that finished at this instant or later.
    pub since: Option<Timestamp>,
    /// Only runs that finished before this instant.
    pub until: Option<Timestamp>,
    /// Only records after this one in descending order, that is, older ones.
    pub after: Option<HistoryCursor>,
    /// The maximum number of records. Default: 100.
    pub limit: usize,
}

impl HistoryRecordQuery {
    /// Creates a query for the newest 100 records.
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

    /// Sets the start of the page: [`HistoryRecordPage::next`] of the previous page.
    pub fn after(mut self, cursor: HistoryCursor) -> Self {
        self.after = Some(cursor);
        self
    }

    /// Sets the maximum number of records.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Returns whether a record matches the query, ignoring the limit; for stores without a query language.
    #[must_use]
    pub fn matches(&self, record: &HistoryRecord) -> bool {
        self.job.as_ref().is_none_or(|job| *job == record.job_id)
            && (self.outcomes.is_empty() || self.outcomes.contains(&record.outcome))
            && self.since.is_none_or(|since| record.finished >= since)
            && self.until.is_none_or(|until| record.finished < until)
            && self.after.is_none_or(|after| record.cursor() < after)
    }
}

impl Default for HistoryRecordQuery {
    fn default() -> Self {
        Self::new()
    }
}

/// The position of a finished attempt of a run in the history, which is the key of its record. Newer records have larger
/// cursors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HistoryCursor {
    // The order of the fields determines the order of cursors.
    finished: Timestamp,
    run_id: RunId,
    attempt: u32,
}

impl HistoryCursor {
    /// Creates the cursor of an attempt.
    #[must_use]
    pub const fn new(finished: Timestamp, run_id: RunId, attempt: u32) -> Self {
        Self { finished, run_id, attempt }
    }

    /// Returns when the attempt finished.
    #[must_use]
    pub const fn finished(self) -> Timestamp {
        self.finished
    }

    /// Returns the id of the run.
    #[must_use]
    pub const fn run_id(self) -> RunId {
        self.run_id
    }

    /// Returns the attempt number.
    #[must_use]
    pub const fn attempt(self) -> u32 {
        self.attempt
    }
}

/// A page of the run history of one store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryRecordPage {
    /// The records, newest first.
    pub records: Vec<HistoryRecord>,
    /// The cursor of the next page; `None` if this is the last page.
    pub next: Option<HistoryCursor>,
    /// Records within the page that can't be decoded.
    pub corrupt: Vec<CorruptRecord>,
}

impl HistoryRecordPage {
    /// Creates a page without corrupt records.
    #[must_use]
    pub fn new(records: Vec<HistoryRecord>, next: Option<HistoryCursor>) -> Self {
        Self { records, next, corrupt: Vec::new() }
    }

    /// Creates the page of a query from matching records in any order: all of them, or at least the newest `limit +
    /// 1`.
    #[must_use]
    pub fn of(mut records: Vec<HistoryRecord>, limit: usize) -> Self {
        records.sort_unstable_by_key(|record| Reverse(record.cursor()));
        let more = records.len() > limit;
        records.truncate(limit);
        let next = records.last().filter(|_| more).map(HistoryRecord::cursor);
        Self { records, next, corrupt: Vec::new() }
    }
}
