//! Runs that have ended, each in a cell.

use std::cmp::Reverse;
use std::collections::HashMap;

use punctual_core::{
    CorruptKind, CorruptRecord, HistoryCursor, HistoryEntry, HistoryPage, HistoryQuery, JobId,
    StoreError, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::change::{Change, Target};
use super::{Cell, CellKind, CellStore, Medium, format};
use crate::{PageReader, history_range};

#[derive(Serialize, Deserialize)]
struct Head<T> {
    entry: T,
}

/// The key of an entry's cell: its first 16 digits sort as the ends of runs do.
fn key(HistoryCursor { finished, run_id, attempt }: HistoryCursor) -> String {
    let finished = finished.as_micros().cast_unsigned() ^ (1 << 63);
    format!("{finished:016x}-{run_id}-{attempt:08x}")
}

pub(super) fn read<M: Medium>(cell: &Cell<M::Version>) -> Result<HistoryEntry, CorruptRecord> {
    let parse = || {
        let Head { entry }: Head<HistoryEntry> = format::read(CellKind::History, &cell.value.head)?;
        format::check_name::<M>(CellKind::History, cell, &key(entry.key())).map(|()| entry)
    };
    parse().map_err(|reason: String| {
        format::corrupt::<M>((CellKind::History, CorruptKind::History), cell, "", &reason)
    })
}

/// An entry, of which perhaps only this can be read.
struct Found<V> {
    cell: Cell<V>,
    key: Option<HistoryCursor>,
    job: Option<JobId>,
}

impl<V> Found<V> {
    fn of(cell: Cell<V>) -> Self {
        let head = format::read::<Head<Value>>(CellKind::History, &cell.value.head);
        let entry = head.map(|head| head.entry).unwrap_or_default();
        let key = || {
            Some(HistoryCursor {
                finished: Timestamp::deserialize(&entry["finished"]).ok()?,
                run_id: entry["run_id"].as_str()?.parse().ok()?,
                attempt: u32::deserialize(&entry["attempt"]).ok()?,
            })
        };
        Self { key: key(), job: JobId::deserialize(&entry["job_id"]).ok(), cell }
    }

    /// Whether it stands where the query asks. Nobody knows where one without a key would stand: it is on the first
    /// page.
    fn stands_in(&self, query: &HistoryQuery) -> bool {
        let is_of_job = |job| self.job.as_ref().is_none_or(|own| own == job);
        let stands = match self.key {
            None => query.after.is_none(),
            Some(key) => {
                history_range(query).contains(&key.finished)
                    && query.after.is_none_or(|after| key < after)
            }
        };
        stands && query.job.as_ref().is_none_or(is_of_job)
    }
}

impl<M: Medium> CellStore<M> {
    /// Writes entries; one that is there stays as it is.
    pub(super) async fn record(&self, entries: &[HistoryEntry]) -> Result<(), StoreError> {
        let name = |entry: &HistoryEntry| M::name_of(CellKind::History, &key(entry.key()));
        let targets = entries.iter().map(|entry| Target::new(name(entry))).collect();
        let write = |place: usize, cell: Option<&Cell<M::Version>>| match cell {
            Some(_) => (Change::Keep, ()),
            None => (Change::Write(format::value(&Head { entry: &entries[place] }), None), ()),
        };
        self.change(CellKind::History, targets, write).await.map(drop)
    }

    /// All entries, newest first.
    async fn entries(&self) -> Result<Vec<Found<M::Version>>, StoreError> {
        let cells = self.medium.list(CellKind::History).await?;
        let mut entries: Vec<_> = cells.into_iter().map(Found::of).collect();
        entries.sort_unstable_by_key(|found| Reverse(found.key));
        Ok(entries)
    }

    pub(super) async fn page_of_history(
        &self,
        query: &HistoryQuery,
    ) -> Result<HistoryPage, StoreError> {
        let entries = self.entries().await?;
        let mut rows = entries
            .iter()
            .filter(|found| found.stands_in(query))
            .map(|found| ((), read::<M>(&found.cell)))
            .filter(|(_, entry)| entry.as_ref().map_or(true, |entry| query.matches(entry)));
        let mut page = PageReader::new(query.limit);
        while let Some(wanted) = page.wanted() {
            page.push(rows.by_ref().take(wanted));
        }
        Ok(page.into())
    }

    pub(super) async fn forget_before(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let mut old = self.entries().await?;
        old.retain(|found| found.key.is_some_and(|key| key.finished < before));
        old.reverse();
        old.truncate(limit);
        self.remove_entries(old).await
    }

    pub(super) async fn forget_beyond(
        &self,
        jobs: &[JobId],
        keep: usize,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let entries = self.entries().await?;
        let mut counts: HashMap<_, _> = jobs.iter().map(|job| (job, 0)).collect();
        let is_beyond = |found: &Found<M::Version>| {
            let count = found.job.as_ref().and_then(|job| counts.get_mut(job));
            count.is_some_and(|count| {
                *count += 1;
                *count > keep
            })
        };
        let beyond: Vec<_> = entries.into_iter().filter(is_beyond).take(limit).collect();
        self.remove_entries(beyond).await
    }

    async fn remove_entries(&self, entries: Vec<Found<M::Version>>) -> Result<u64, StoreError> {
        let targets = entries.into_iter().map(|found| Target::seen(found.cell)).collect();
        let remove = |_, cell: Option<&Cell<M::Version>>| (Change::Remove, cell.is_some());
        let removed = self.change(CellKind::History, targets, remove).await?;
        Ok(removed.into_iter().filter(|removed| *removed).count() as u64)
    }
}
