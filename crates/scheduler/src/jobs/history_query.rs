//! Filters for reading the run history.

use punctual_core::{
    Alias, HistoryCursor, HistoryRecordQuery, JobId, NameError, OutcomeKind, Timestamp,
};

use super::selector::JobSelector;
use crate::error::SchedulerError;

/// A filter for reading the run history.
///
/// ```
/// use punctual_core::OutcomeKind;
/// use punctual_scheduler::{BackgroundScheduler, HistoryOptions, HistoryQuery};
///
/// let scheduler = BackgroundScheduler::builder()
///     .history(HistoryOptions::enabled())
///     .timezone("UTC")
///     .start()?;
/// let failures = HistoryQuery::new().job("report").outcome(OutcomeKind::Failed).limit(20);
/// assert!(scheduler.history(failures)?.entries.is_empty());
/// # scheduler.shutdown()?;
/// # Ok::<(), punctual_scheduler::SchedulerError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a query does nothing until it is given to a scheduler"]
pub struct HistoryQuery {
    job_store: Option<Result<Alias, NameError>>,
    job: Option<Result<JobId, NameError>>,
    /// The other parts of the query.
    records: HistoryRecordQuery,
}

impl HistoryQuery {
    /// Creates a query for the newest 100 entries of all stores with a history.
    pub fn new() -> Self {
        Self::default()
    }

    /// Matches only runs of jobs in this store.
    pub fn job_store(mut self, alias: impl AsRef<str>) -> Self {
        self.job_store = Some(Alias::new(alias));
        self
    }

    /// Matches only runs of this job, which may have been removed. A selector with a store, such as `("store", "id")`,
    /// also selects the [store](Self::job_store).
    pub fn job(mut self, job: impl Into<JobSelector>) -> Self {
        let JobSelector { id, job_store } = job.into();
        self.job = Some(id);
        self.job_store = job_store.or(self.job_store);
        self
    }

    /// Matches runs with this outcome, in addition to those added before.
    pub fn outcome(mut self, outcome: OutcomeKind) -> Self {
        self.records = self.records.outcome(outcome);
        self
    }

    /// Matches only runs that finished at this instant or later.
    pub fn since(mut self, since: impl Into<Timestamp>) -> Self {
        self.records = self.records.since(since);
        self
    }

    /// Matches only runs that finished before this instant.
    pub fn until(mut self, until: impl Into<Timestamp>) -> Self {
        self.records = self.records.until(until);
        self
    }

    /// Sets the start of the page: [`HistoryPage::next`](crate::HistoryPage::next) of the previous page.
    pub fn after(mut self, cursor: HistoryCursor) -> Self {
        self.records = self.records.after(cursor);
        self
    }

    /// Sets the maximum number of entries. Default: 100.
    pub fn limit(mut self, limit: usize) -> Self {
        self.records = self.records.limit(limit);
        self
    }

    /// Checks that the names are valid. Returns the store, and the query of each store.
    pub(super) fn check(self) -> Result<(Option<Alias>, HistoryRecordQuery), SchedulerError> {
        let mut records = self.records;
        records.job = self.job.transpose()?;
        Ok((self.job_store.transpose()?, records))
    }
}
