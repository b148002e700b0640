//! Finished runs, one entry each.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::Range;

use punctual_core::{
    CorruptKind, CorruptRecord, HistoryCursor, HistoryRecord, HistoryRecordPage,
    HistoryRecordQuery, JobId, StoreError, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::change::{Change, Target};
use super::{HistoryQuery, HistoryQueryResult, KvBackend, KvEntry, KvNamespace, KvStore, format};
use crate::{PageReader, history_range};

/// The minimum number of entries that a query for a page requests, because not all of them may match.
const MIN_QUERY: usize = 100;

/// The maximum number of entries that a query for a page requests.
const MAX_QUERY: usize = 10_000;

/// The number of jobs whose entries are read at once to remove those beyond a limit. Each may have thousands, so those of all
/// jobs would take much memory, and most of them would be read for nothing if the call may not remove so many.
const TRIMMED_AT_ONCE: usize = 4;

#[derive(Serialize, Deserialize)]
struct Header<T> {
    entry: T,
}

/// The key of an entry: its first 16 digits sort by the instant at which the run finished.
fn key(cursor: HistoryCursor) -> String {
    format!("{}-{}-{:08x}", digits(cursor.finished()), cursor.run_id(), cursor.attempt())
}

fn digits(finished: Timestamp) -> String {
    format!("{:016x}", finished.as_micros().cast_unsigned() ^ (1 << 63))
}

/// The end of the keys of runs that finished at this instant.
fn after_keys_at(finished: Timestamp) -> String {
    digits(finished) + "~"
}

/// The keys of a query.
fn key_range(query: &HistoryRecordQuery) -> Range<String> {
    let finished = history_range(query);
    if finished.is_empty() {
        return Range::default();
    }
    let end = after_keys_at(*finished.end());
    digits(*finished.start())..query.after.map_or(end.clone(), |after| key(after).min(end))
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

    /// The entries that match any of the queries, newest first, perhaps with others; and whether these are all.
    async fn entries(
        &self,
        queries: &[HistoryQuery<'_>],
    ) -> Result<(Vec<RawHistoryEntry<M::Version>>, bool), StoreError> {
        let HistoryQueryResult { entries, is_complete } = self.store.query_history(queries).await?;
        let mut entries: Vec<_> = entries.into_iter().map(RawHistoryEntry::of).collect();
        entries.sort_unstable_by_key(|entry| Reverse(entry.key));
        Ok((entries, is_complete))
    }

    pub(super) async fn history_page(
        &self,
        query: &HistoryRecordQuery,
    ) -> Result<HistoryRecordPage, StoreError> {
        let mut page = PageReader::new(query.limit);
        let (mut keys, mut is_complete) = (key_range(query), false);
        // Entries that match. Those that don't, because of their outcome for instance, don't count.
        let mut rows = VecDeque::new();
        while let Some(wanted) = page.wanted() {
            while rows.len() < wanted && !is_complete {
                let limit = (wanted - rows.len()).clamp(MIN_QUERY, MAX_QUERY);
                let job = query.job.as_ref();
                let part = HistoryQuery::new(keys.clone(), job, true, limit);
                let mut entries;
                (entries, is_complete) = self.entries(&[part]).await?;
                entries.retain(|entry| {
                    entry.is_in_range(query) && entry.key.is_none_or(|own| key(own) < keys.end)
                });
                match entries.iter().rev().find_map(|entry| entry.key) {
                    Some(last) => keys.end = key(last),
                    None => is_complete = true,
                }
                let decoded = entries.iter().map(|entry| read::<M>(&entry.raw));
                rows.extend(
                    decoded.filter(|row| row.as_ref().map_or(true, |row| query.matches(row))),
                );
            }
            let count = wanted.min(rows.len());
            page.push(rows.drain(..count).map(|row| ((), row)));
        }
        Ok(page.into_page())
    }

    pub(super) async fn remove_history_before(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let query = HistoryQuery::new(String::new()..digits(before), None, false, limit);
        let (mut old, _) = self.entries(&[query]).await?;
        old.retain(|entry| entry.key.is_some_and(|key| key.finished() < before));
        old.reverse();
        old.truncate(limit);
        Ok(self.remove_entries(old).await? as u64)
    }

    pub(super) async fn remove_history_beyond(
        &self,
        jobs: &[JobId],
        keep: usize,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let jobs: Vec<_> = jobs.iter().collect::<BTreeSet<_>>().into_iter().collect();
        let all = String::new()..after_keys_at(Timestamp::MAX);
        let (mut rest, mut at_once, mut left) = (&jobs[..], TRIMMED_AT_ONCE, limit);
        while !rest.is_empty() && left > 0 {
            let (jobs, later) = rest.split_at(at_once.min(rest.len()));
            let most = keep.saturating_add(left);
            let newest = |job| HistoryQuery::new(all.clone(), Some(job), true, most);
            let newest: Vec<_> = jobs.iter().copied().map(newest).collect();
            let (entries, _) = self.entries(&newest).await?;
            let mut counts: HashMap<_, _> = jobs.iter().map(|job| (*job, 0)).collect();
            let mut is_beyond = |entry: &RawHistoryEntry<M::Version>| {
                let Some(job) = &entry.job else { return false };
                let Some(count) = counts.get_mut(job) else {
                    // A store without an index by jobs returns all entries, so it should be asked once.
                    at_once = usize::MAX;
                    return false;
                };
                *count += 1;
                *count > keep
            };
            let mut beyond = entries;
            beyond.retain(|entry| is_beyond(entry));
            beyond.truncate(left);
            let is_cut = beyond.len() == left;
            left -= self.remove_entries(beyond).await?;
            // If somebody else has removed some of them, there may be others.
            rest = if is_cut { rest } else { later };
        }
        Ok((limit - left) as u64)
    }

    async fn remove_entries(
        &self,
        entries: Vec<RawHistoryEntry<M::Version>>,
    ) -> Result<usize, StoreError> {
        let targets = entries.into_iter().map(|entry| Target::loaded(entry.raw)).collect();
        let remove = |_, entry: Option<&KvEntry<M::Version>>| (Change::Remove, entry.is_some());
        let removed = self.change(KvNamespace::History, targets, remove).await?;
        Ok(removed.into_iter().filter(|removed| *removed).count())
    }
}
