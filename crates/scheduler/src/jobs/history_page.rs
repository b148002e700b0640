//! Pages of the run history, merged from those of several stores.

use std::cmp::Reverse;

use punctual_core::{
    Alias, HistoryCursor, HistoryRecord, HistoryRecordPage, JobRef, NodeId, OutcomeKind, RunId,
    TaskName, Timestamp,
};

/// A page of the run history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryPage {
    /// The entries, newest first.
    pub entries: Vec<HistoryEntry>,
    /// The cursor of the next page, for [`HistoryQuery::after`](crate::HistoryQuery::after); `None` if this is the last
    /// page.
    pub next: Option<HistoryCursor>,
}

/// A finished attempt of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// The job, which may have been removed since.
    pub job: JobRef,
    /// The id of the run, shared by all its attempts.
    pub run_id: RunId,
    /// The attempt number, starting at 1. A larger number means that an earlier attempt failed and is retried, or did not finish: its process
    /// terminated or lost its lease, or no executor completed the run. An attempt whose outcome is unknown has no
    /// entry.
    pub attempt: u32,
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
    /// The error text, truncated to 2,000 bytes; `None` for successful runs and for outcomes without details.
    pub error: Option<String>,
}

impl HistoryEntry {
    fn new(job_store: Alias, record: HistoryRecord) -> Self {
        // Every field is named, so that a new one is not forgotten.
        let HistoryRecord {
            run_id,
            attempt,
            job_id,
            task,
            node,
            scheduled_time,
            started,
            finished,
            outcome,
            error,
        } = record;
        let job = JobRef::new(job_store, job_id);
        Self { job, run_id, attempt, task, node, scheduled_time, started, finished, outcome, error }
    }

    fn cursor(&self) -> HistoryCursor {
        HistoryCursor::new(self.finished, self.run_id, self.attempt)
    }
}

impl HistoryPage {
    /// Merges the pages that the stores returned for the same query.
    ///
    /// One cursor serves all stores, because run ids are unique: no two stores contain the same cursor.
    pub(super) fn merge(pages: Vec<(Alias, HistoryRecordPage)>, limit: usize) -> Self {
        // Beyond this position, not all stores have returned their records.
        let end = pages.iter().filter_map(|(_, page)| page.next).max();
        let entries = pages.into_iter().flat_map(|(job_store, page)| {
            page.records.into_iter().map(move |record| HistoryEntry::new(job_store.clone(), record))
        });
        let mut entries: Vec<_> =
            entries.filter(|entry| end.is_none_or(|end| entry.cursor() >= end)).collect();
        entries.sort_by_key(|entry| Reverse(entry.cursor()));
        let more = entries.len() > limit;
        entries.truncate(limit);
        let next = if more { entries.last().map(HistoryEntry::cursor) } else { end };
        Self { entries, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u32) -> HistoryRecord {
        let name = "a";
        let at = Timestamp::from_seconds(number.into());
        HistoryRecord {
            run_id: RunId::from_u128(number.into()),
            attempt: 1,
            job_id: name.try_into().unwrap(),
            task: name.try_into().unwrap(),
            node: name.try_into().unwrap(),
            scheduled_time: at,
            started: None,
            finished: at,
            outcome: OutcomeKind::Success,
            error: None,
        }
    }

    /// Merges pages, each with its records and whether there are more. Returns the stores and records, and the cursor.
    fn merge(pages: &[(&[u32], bool)], limit: usize) -> (Vec<String>, Option<u128>) {
        let page = |(number, (records, more)): (usize, &(&[u32], bool))| {
            let records: Vec<_> = records.iter().copied().map(record).collect();
            let next = records.last().filter(|_| *more).map(HistoryRecord::cursor);
            let alias = Alias::new(number.to_string()).unwrap();
            (alias, HistoryRecordPage::new(records, next))
        };
        let merged = HistoryPage::merge(pages.iter().enumerate().map(page).collect(), limit);
        let text =
            |entry: &HistoryEntry| format!("{}:{}", entry.job.job_store, entry.run_id.as_u128());
        (merged.entries.iter().map(text).collect(), merged.next.map(|next| next.run_id().as_u128()))
    }

    #[test]
    fn entries_of_all_stores_are_sorted() {
        let (entries, next) = merge(&[(&[9, 4], false), (&[7, 5], false)], 4);
        assert_eq!((&*entries.join(" "), next), ("0:9 1:7 1:5 0:4", None));
        assert_eq!(merge(&[], 4), (vec![], None));
    }

    #[test]
    fn the_next_page_starts_after_the_last_entry() {
        let (entries, next) = merge(&[(&[9, 4], false), (&[7, 5], false)], 3);
        assert_eq!((&*entries.join(" "), next), ("0:9 1:7 1:5", Some(5)));
        let (entries, next) = merge(&[(&[9, 4], true), (&[], false)], 2);
        assert_eq!((&*entries.join(" "), next), ("0:9 0:4", Some(4)));
    }

    #[test]
    fn entries_that_a_store_has_not_returned_are_not_skipped() {
        // The first store has more, which may be newer than 2 and 1.
        let (entries, next) = merge(&[(&[9, 4], true), (&[7, 2, 1], false)], 5);
        assert_eq!((&*entries.join(" "), next), ("0:9 1:7 0:4", Some(4)));
    }
}
