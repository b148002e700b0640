//! Finished runs, one entry each.

use std::cmp::Reverse;
use std::collections::HashMap;

use punctual_core::{
    CorruptKind, CorruptRecord, HistoryCursor, HistoryRecord, HistoryRecordPage,
    HistoryRecordQuery, JobId, StoreError, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::change::{Change, Target};
use super::{KvBackend, KvEntry, KvNamespace, KvStore, format};
use crate::{PageReader, history_range};

#[derive(Serialize, Deserialize)]
struct Header<T> {
    entry: T,
}

/// The key of an entry: its first 16 digits sort by the instant at which the run finished.
fn key(cursor: HistoryCursor) -> String {
    let finished = cursor.finished().as_micros().cast_unsigned() ^ (1 << 63);
    format!("{finished:016x}-{}-{:08x}", cursor.run_id(), cursor.attempt())
}

pub(super) fn read<M: KvStore>(raw: &KvEntry<M::Version>) -> Result<HistoryRecord, CorruptRecord> {
    let parse = || {
        let Header { entry }: Header<HistoryRecord> =
            format::read(KvNamespace::History, &raw.value.header)?;
        format::check_key::<M>(KvNamespace::History, raw, &key(entry.cursor())).map(|()| entry)
    };
    parse().map_err(|reason: String| {
        format::corrupt::<M>((KvNamespace::History, CorruptKind::History), raw, "", &reason)
    })
}

/// An entry that may be only partly readable.
struct RawHistoryEntry<V> {
    raw: KvEntry<V>,
    key: Option<HistoryCursor>,
    job: Option<JobId>,
}

impl<V> RawHistoryEntry<V> {
    fn of(raw: KvEntry<V>) -> Self {
        let header = format::read::<Header<Value>>(KvNamespace::History, &raw.value.header);
        let entry = header.map(|header| header.entry).unwrap_or_default();
        let key = || {
            Some(HistoryCursor::new(
                Timestamp::deserialize(&entry["finished"]).ok()?,
                entry["run_id"].as_str()?.parse().ok()?,
                u32::deserialize(&entry["attempt"]).ok()?,
            ))
        };
        Self { key: key(), job: JobId::deserialize(&entry["job_id"]).ok(), raw }
    }

    /// Whether the entry is in the queried range. Entries without a readable key are returned on the first page.
    fn is_in_range(&self, query: &HistoryRecordQuery) -> bool {
        let is_of_job = |job| self.job.as_ref().is_none_or(|own| own == job);
        let is_in_range = match self.key {
            None => query.after.is_none(),
            Some(key) => {
                history_range(query).contains(&key.finished())
                    && query.after.is_none_or(|after| key < after)
            }
        };
        is_in_range && query.job.as_ref().is_none_or(is_of_job)
    }
}

impl<M: KvStore> KvBackend<M> {
    /// Writes entries; existing ones stay unchanged.
    pub(super) async fn record(&self, entries: &[HistoryRecord]) -> Result<(), StoreError> {
        let name =
            |entry: &HistoryRecord| M::storage_key(KvNamespace::History, &key(entry.cursor()));
        let targets = entries.iter().map(|entry| Target::new(name(entry))).collect();
        let write = |index: usize, entry: Option<&KvEntry<M::Version>>| match entry {
            Some(_) => (Change::Keep, ()),
            None => (Change::Write(format::value(&Header { entry: &entries[index] }), None), ()),
        };
        self.change(KvNamespace::History, targets, write).await.map(drop)
    }

    /// All entries, newest first.
    async fn entries(&self) -> Result<Vec<RawHistoryEntry<M::Version>>, StoreError> {
        let entries = self.store.list(KvNamespace::History).await?;
        let mut entries: Vec<_> = entries.into_iter().map(RawHistoryEntry::of).collect();
        entries.sort_unstable_by_key(|entry| Reverse(entry.key));
        Ok(entries)
    }

    pub(super) async fn history_page(
        &self,
        query: &HistoryRecordQuery,
    ) -> Result<HistoryRecordPage, StoreError> {
        let entries = self.entries().await?;
        let mut rows = entries
            .iter()
            .filter(|row| row.is_in_range(query))
            .map(|row| ((), read::<M>(&row.raw)))
            .filter(|(_, entry)| entry.as_ref().map_or(true, |entry| query.matches(entry)));
        let mut page = PageReader::new(query.limit);
        while let Some(wanted) = page.wanted() {
            page.push(rows.by_ref().take(wanted));
        }
        Ok(page.into_page())
    }

    pub(super) async fn remove_history_before(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let mut old = self.entries().await?;
        old.retain(|entry| entry.key.is_some_and(|key| key.finished() < before));
        old.reverse();
        old.truncate(limit);
        self.remove_entries(old).await
    }

    pub(super) async fn remove_history_beyond(
        &self,
        jobs: &[JobId],
        keep: usize,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let entries = self.entries().await?;
        let mut counts: HashMap<_, _> = jobs.iter().map(|job| (job, 0)).collect();
        let is_beyond = |entry: &RawHistoryEntry<M::Version>| {
            let count = entry.job.as_ref().and_then(|job| counts.get_mut(job));
            count.is_some_and(|count| {
                *count += 1;
                *count > keep
            })
        };
        let beyond: Vec<_> = entries.into_iter().filter(is_beyond).take(limit).collect();
        self.remove_entries(beyond).await
    }

    async fn remove_entries(
        &self,
        entries: Vec<RawHistoryEntry<M::Version>>,
    ) -> Result<u64, StoreError> {
        let targets = entries.into_iter().map(|entry| Target::loaded(entry.raw)).collect();
        let remove = |_, entry: Option<&KvEntry<M::Version>>| (Change::Remove, entry.is_some());
        let removed = self.change(KvNamespace::History, targets, remove).await?;
        Ok(removed.into_iter().filter(|removed| *removed).count() as u64)
    }
}
