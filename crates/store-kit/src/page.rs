//! Pages of what may be damaged.

use std::ops::RangeInclusive;

use punctual_core::{
    CorruptRecord, HistoryEntry, HistoryPage, HistoryQuery, JobCursor, JobPage, JobRecord,
    Timestamp,
};

/// Gathers a page from rows, some of which may be such as can't be read: these don't count, since no cursor may be
/// able to name their place, and so a page full of them has to be read past.
///
/// ```
/// use punctual_store_kit::PageReader;
///
/// // What a backend keeps, each with the place where it stands.
/// let stored = ["a", "b", "c", "d"];
/// let mut page = PageReader::new(2);
/// while let Some(wanted) = page.wanted() {
///     let from = page.after().map_or(0, |after| after + 1);
///     let rows = stored.iter().enumerate().skip(from).take(wanted);
///     page.push(rows.map(|(place, row)| (place, Ok(*row))));
/// }
/// assert_eq!((page.items(), page.more()), (&["a", "b"][..], true));
/// ```
#[derive(Clone, Debug)]
pub struct PageReader<P, T> {
    limit: usize,
    items: Vec<T>,
    corrupt: Vec<CorruptRecord>,
    /// How many of these stand before the last item.
    corrupt_before: usize,
    after: Option<P>,
    more: bool,
    is_done: bool,
}

impl<P, T> PageReader<P, T> {
    /// Of a page with up to `limit` items.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let (items, corrupt) = (Vec::new(), Vec::new());
        let is_done = limit == 0;
        Self { limit, items, corrupt, corrupt_before: 0, after: None, more: false, is_done }
    }

    /// How many rows to fetch after [`after`](Self::after); none when the page is done. One more than asked for
    /// tells whether there is another page; where some can't be read, others may follow them.
    #[must_use]
    pub fn wanted(&self) -> Option<usize> {
        let left = self.limit - self.items.len();
        (!self.is_done).then(|| left.saturating_add(1).saturating_add(self.corrupt.len()))
    }

    /// The place of the last row that was fetched.
    #[must_use]
    pub fn after(&self) -> Option<&P> {
        self.after.as_ref()
    }

    /// The rows that were fetched: each with its place, and with the item or what is wrong with it. Fewer than
    /// [`wanted`](Self::wanted): there are no others.
    pub fn push(&mut self, rows: impl IntoIterator<Item = (P, Result<T, CorruptRecord>)>) {
        let Some(wanted) = self.wanted() else { return };
        let mut count = 0;
        for (place, row) in rows {
            count += 1;
            self.after = Some(place);
            match row {
                Ok(_) if self.items.len() == self.limit => {
                    self.more = true;
                    // The next page tells of those that stand behind the last item.
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

    /// The items so far.
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

impl<P> From<PageReader<P, JobRecord>> for JobPage {
    fn from(page: PageReader<P, JobRecord>) -> Self {
        let next = page.items.last().filter(|_| page.more).map(JobCursor::of);
        let mut records = Self::new(page.items, next);
        records.corrupt = page.corrupt;
        records
    }
}

impl<P> From<PageReader<P, HistoryEntry>> for HistoryPage {
    fn from(page: PageReader<P, HistoryEntry>) -> Self {
        let next = page.items.last().filter(|_| page.more).map(HistoryEntry::key);
        let mut entries = Self::new(page.items, next);
        entries.corrupt = page.corrupt;
        entries
    }
}

/// The first and the last instant at which runs that a query asks for can have ended; an empty range for none. Of
/// those that ended with the entry of its cursor only those before it in the order of
/// [keys](punctual_core::HistoryCursor) are asked for.
#[must_use]
pub fn history_range(query: &HistoryQuery) -> RangeInclusive<Timestamp> {
    let before = query.until.map(|until| match until {
        Timestamp::MIN => None,
        until => Some(until.saturating_add_micros(-1)),
    });
    let first = query.since.unwrap_or(Timestamp::MIN);
    match before {
        Some(None) => Timestamp::MAX..=Timestamp::MIN,
        before => {
            let after = query.after.map(|after| after.finished);
            first..=before.flatten().into_iter().chain(after).min().unwrap_or(Timestamp::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use punctual_core::CorruptKind;

    use super::*;

    /// Reads a page of numbers, those below zero being corrupt, and how many fetches it took.
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
            page.push(rows.map(|(place, stored)| (place, row(stored))));
        }
        let corrupt = page.corrupt.iter().map(|corrupt| corrupt.key.clone()).collect();
        (page.items, corrupt, page.more, fetches)
    }

    #[test]
    fn a_page_has_its_items_and_knows_of_more() {
        assert_eq!(read(&[1, 2, 3], 2), (vec![1, 2], vec![], true, 1));
        assert_eq!(read(&[1, 2], 2), (vec![1, 2], vec![], false, 1));
        assert_eq!(read(&[], 2), (vec![], vec![], false, 1));
        assert_eq!(read(&[1], 0), (vec![], vec![], false, 0));
        assert_eq!(read(&[1], usize::MAX), (vec![1], vec![], false, 1));
    }

    #[test]
    fn what_is_corrupt_does_not_count_and_is_told_once() {
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        assert_eq!(read(&[-1, -2, -3, 4], 2), (vec![4], keys(&["-1", "-2", "-3"]), false, 2));
        assert_eq!(read(&[1, -2, 3, -4, 5], 2), (vec![1, 3], keys(&["-2"]), true, 2));
        assert_eq!(read(&[-4, 5], 2), (vec![5], keys(&["-4"]), false, 1));
        assert_eq!(read(&[1, -2], 1), (vec![1], keys(&["-2"]), false, 2));
    }

    #[test]
    fn the_range_of_a_query_has_its_ends() {
        let at = Timestamp::from_seconds;
        assert_eq!(history_range(&HistoryQuery::new()), Timestamp::MIN..=Timestamp::MAX);
        let query = HistoryQuery::new().since(at(1)).until(at(3));
        assert_eq!(history_range(&query), at(1)..=at(3).saturating_add_micros(-1));
        assert!(history_range(&HistoryQuery::new().until(Timestamp::MIN)).is_empty());
    }
}
