//! Pages of records of which some may be corrupt.

use std::ops::RangeInclusive;

use punctual_core::{
    CorruptRecord, HistoryRecord, HistoryRecordPage, HistoryRecordQuery, JobCursor, JobRecord,
    JobRecordPage, Timestamp,
};

/// Collects a page from rows of which some may be corrupt. Corrupt rows do not count towards the limit, because no
/// cursor may refer to them.
///
/// ```
/// use punctual_store_kit::PageReader;
///
/// // The rows of a backend, each with its position.
/// let stored = ["a", "b", "c", "d"];
/// let mut page = PageReader::new(2);
/// while let Some(wanted) = page.wanted() {
///     let from = page.after().map_or(0, |after| after + 1);
///     let rows = stored.iter().enumerate().skip(from).take(wanted);
///     page.push(rows.map(|(position, row)| (position, Ok(*row))));
/// }
/// assert_eq!((page.items(), page.more()), (&["a", "b"][..], true));
/// ```
#[derive(Clone, Debug)]
pub struct PageReader<P, T> {
    limit: usize,
    items: Vec<T>,
    corrupt: Vec<CorruptRecord>,
    /// The number of corrupt rows before the last item.
    corrupt_before: usize,
    after: Option<P>,
    more: bool,
    is_done: bool,
}

impl<P, T> PageReader<P, T> {
    /// Creates a reader for a page of up to `limit` items.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let (items, corrupt) = (Vec::new(), Vec::new());
        let is_done = limit == 0;
        Self { limit, items, corrupt, corrupt_before: 0, after: None, more: false, is_done }
    }

    /// The number of rows to fetch after [`after`](Self::after), or `None` if the page is complete. One row more than
    /// the limit is fetched to determine whether there is another page, and one more for each corrupt row so far.
    #[must_use]
    pub fn wanted(&self) -> Option<usize> {
        let left = self.limit - self.items.len();
        (!self.is_done).then(|| left.saturating_add(1).saturating_add(self.corrupt.len()))
    }

    /// The position of the last fetched row.
    #[must_use]
    pub fn after(&self) -> Option<&P> {
        self.after.as_ref()
    }

    /// Adds the fetched rows, each with its position and either the item or the corruption. Fewer rows than
    /// [`wanted`](Self::wanted) mean that there are no further rows.
    pub fn push(&mut self, rows: impl IntoIterator<Item = (P, Result<T, CorruptRecord>)>) {
        let Some(wanted) = self.wanted() else { return };
        let mut count = 0;
        for (position, row) in rows {
            count += 1;
            self.after = Some(position);
            match row {
                Ok(_) if self.items.len() == self.limit => {
                    self.more = true;
                    // Corrupt rows after the last item belong to the next page.
                    self.corrupt.truncate(self.corrupt_before);
                    break;
                }
                Ok(item) => {
                    self.items.push(item);
                    self.corrupt_before = self.corrupt.len();
                }
                Err(corrupt) => self.corrupt.push(corrupt),
            }
        }
        self.is_done = self.more || count < wanted;
    }

    /// The items that have been added so far.
    #[must_use]
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// Whether there are items after these.
    #[must_use]
    pub fn more(&self) -> bool {
        self.more
    }
}

impl<P> PageReader<P, JobRecord> {
    /// Returns the page of jobs.
    #[must_use]
    pub fn into_page(self) -> JobRecordPage {
        let next = self.items.last().filter(|_| self.more).map(JobCursor::of);
        let mut page = JobRecordPage::new(self.items, next);
        page.corrupt = self.corrupt;
        page
    }
}

impl<P> PageReader<P, HistoryRecord> {
    /// Returns the page of history records.
    #[must_use]
    pub fn into_page(self) -> HistoryRecordPage {
        let next = self.items.last().filter(|_| self.more).map(HistoryRecord::cursor);
        let mut page = HistoryRecordPage::new(self.items, next);
        page.corrupt = self.corrupt;
        page
    }
}

/// The range of `finished` instants that a query matches; an empty range if it matches none. The range includes the
/// instant of the query's cursor: of the runs that finished at that instant, only those match that precede the cursor
/// in the order of [`HistoryCursor`](punctual_core::HistoryCursor).
#[must_use]
pub fn history_range(query: &HistoryRecordQuery) -> RangeInclusive<Timestamp> {
    let before = query.until.map(|until| match until {
        Timestamp::MIN => None,
        until => Some(until.saturating_add_micros(-1)),
    });
    let first = query.since.unwrap_or(Timestamp::MIN);
    match before {
        Some(None) => Timestamp::MAX..=Timestamp::MIN,
        before => {
            let after = query.after.map(|after| after.finished());
            first..=before.flatten().into_iter().chain(after).min().unwrap_or(Timestamp::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use punctual_core::CorruptKind;

    use super::*;

    /// Reads a page of numbers, of which negative ones are corrupt. Also returns the number of fetches.
    fn read(stored: &[i32], limit: usize) -> (Vec<i32>, Vec<String>, bool, usize) {
        let (mut page, mut fetches) = (PageReader::new(limit), 0);
        while let Some(wanted) = page.wanted() {
            fetches += 1;
            let from = page.after().map_or(0, |after| after + 1);
            let row = |row: &i32| match row {
                0.. => Ok(*row),
                _ => Err(CorruptRecord::new(CorruptKind::Job, row.to_string(), "negative")),
            };
            let rows = stored.iter().enumerate().skip(from).take(wanted);
            page.push(rows.map(|(position, stored)| (position, row(stored))));
        }
        let corrupt = page.corrupt.iter().map(|corrupt| corrupt.key.clone()).collect();
        (page.items, corrupt, page.more, fetches)
    }

    #[test]
    fn a_page_contains_its_items_and_whether_there_are_more() {
        assert_eq!(read(&[1, 2, 3], 2), (vec![1, 2], vec![], true, 1));
        assert_eq!(read(&[1, 2], 2), (vec![1, 2], vec![], false, 1));
        assert_eq!(read(&[], 2), (vec![], vec![], false, 1));
        assert_eq!(read(&[1], 0), (vec![], vec![], false, 0));
        assert_eq!(read(&[1], usize::MAX), (vec![1], vec![], false, 1));
    }

    #[test]
    fn corrupt_rows_do_not_count_and_are_reported_once() {
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        assert_eq!(read(&[-1, -2, -3, 4], 2), (vec![4], keys(&["-1", "-2", "-3"]), false, 2));
        assert_eq!(read(&[1, -2, 3, -4, 5], 2), (vec![1, 3], keys(&["-2"]), true, 2));
        assert_eq!(read(&[-4, 5], 2), (vec![5], keys(&["-4"]), false, 1));
        assert_eq!(read(&[1, -2], 1), (vec![1], keys(&["-2"]), false, 2));
    }

    #[test]
    fn the_range_of_a_query_includes_since_and_excludes_until() {
        let at = Timestamp::from_seconds;
        assert_eq!(history_range(&HistoryRecordQuery::new()), Timestamp::MIN..=Timestamp::MAX);
        let query = HistoryRecordQuery::new().since(at(1)).until(at(3));
        assert_eq!(history_range(&query), at(1)..=at(3).saturating_add_micros(-1));
        assert!(history_range(&HistoryRecordQuery::new().until(Timestamp::MIN)).is_empty());
    }
}
