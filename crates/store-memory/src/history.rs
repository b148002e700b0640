//! The finished runs.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use punctual_core::{
    HistoryCursor, HistoryRecord, HistoryRecordPage, HistoryRecordQuery, JobId, Timestamp,
};

/// Entries by key, and the keys of each job's entries.
#[derive(Default)]
pub(crate) struct History {
    entries: BTreeMap<HistoryCursor, HistoryRecord>,
    by_job: HashMap<JobId, BTreeSet<HistoryCursor>>,
}

impl History {
    pub(crate) fn record(&mut self, entries: Vec<HistoryRecord>) {
        for entry in entries {
            if let Entry::Vacant(vacant) = self.entries.entry(entry.cursor()) {
                self.by_job.entry(entry.job_id.clone()).or_default().insert(*vacant.key());
                vacant.insert(entry);
            }
        }
    }

    pub(crate) fn read(&self, query: &HistoryRecordQuery) -> HistoryRecordPage {
        let end = query.after.map_or(Bound::Unbounded, Bound::Excluded);
        let range = (Bound::Unbounded, end);
        let wanted = query.limit.saturating_add(1);
        let select = |entries: &mut dyn Iterator<Item = &HistoryRecord>| {
            entries.filter(|entry| query.matches(entry)).take(wanted).cloned().collect()
        };
        let entries = match &query.job {
            None => select(&mut self.entries.range(range).rev().map(|(_, entry)| entry)),
            Some(job) => {
                let keys =
                    self.by_job.get(job).into_iter().flat_map(|keys| keys.range(range).rev());
                select(&mut keys.filter_map(|key| self.entries.get(key)))
            }
        };
        HistoryRecordPage::of(entries, query.limit)
    }

    fn remove(&mut self, keys: &[HistoryCursor]) -> u64 {
        for key in keys {
            let Some(entry) = self.entries.remove(key) else { continue };
            if let Some(of_job) = self.by_job.get_mut(&entry.job_id) {
                of_job.remove(key);
                if of_job.is_empty() {
                    self.by_job.remove(&entry.job_id);
                }
            }
        }
        keys.len() as u64
    }

    pub(crate) fn remove_before(&mut self, before: Timestamp, limit: usize) -> u64 {
        let old = self.entries.keys().take_while(|key| key.finished() < before);
        let old: Vec<_> = old.take(limit).copied().collect();
        self.remove(&old)
    }

    pub(crate) fn remove_beyond(&mut self, jobs: &[JobId], keep: usize, limit: usize) -> u64 {
        let jobs: BTreeSet<_> = jobs.iter().collect();
        let by_job = jobs.into_iter().filter_map(|job| self.by_job.get(job));
        let beyond = by_job.flat_map(|keys| keys.iter().rev().skip(keep));
        let beyond: Vec<_> = beyond.take(limit).copied().collect();
        self.remove(&beyond)
    }
}
