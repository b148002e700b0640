//! The entries of the history, and searches for them.
//!
//! The digits of their keys are complemented: `f` for `0`, `e` for `1`, .. The server returns the first keys of a range
//! without reading the others, but not the last ones, and most searches are for the newest entries.

use std::collections::HashSet;
use std::ops::Range;

use punctual_core::{JobId, StoreError};
use punctual_store_kit::kv::{HistoryQuery, HistoryQueryResult, KvNamespace};
use serde::Deserialize;

use crate::error::RequestError;
use crate::etcd::Etcd;
use crate::layout::{KeyRange, Keys, SEPARATOR, Version};
use crate::messages::RangeRequest;
use crate::queries::{MAX_ATTEMPTS, limit};
use crate::swaps::StaleKey;

/// The number of digits of the time, with which a key begins.
const TIME_DIGITS: usize = 16;

/// The storage key of an entry: its key with complemented digits.
pub(crate) fn storage_key(key: &str) -> String {
    let complement = |c: char| c.to_digit(16).and_then(|digit| char::from_digit(15 - digit, 16));
    key.chars().map(|c| complement(c).unwrap_or(c)).collect()
}

/// The boundary of a range of storage keys that corresponds to one of keys: a key, which becomes the last one that is
/// included, the digits of a time, or these with `~`, which is larger than all characters of keys.
fn boundary(key: &str) -> String {
    match key.strip_suffix('~') {
        Some(time) => storage_key(time),
        None if key.len() == TIME_DIGITS => storage_key(key) + "~",
        None => storage_key(key) + "\0",
    }
}

/// The job of an entry; `None` if it is corrupt.
fn job(header: &[u8]) -> Option<JobId> {
    #[derive(Deserialize)]
    struct Header {
        entry: Entry,
    }
    #[derive(Deserialize)]
    struct Entry {
        job_id: JobId,
    }
    serde_json::from_slice(header).ok().map(|Header { entry }| entry.job_id)
}

/// The name of the key of an entry in the index by jobs.
pub(crate) fn index_name(storage_key: &str, header: &[u8]) -> Option<String> {
    job(header).map(|job| format!("job_history/{job}{SEPARATOR}{storage_key}"))
}

/// The keys of a query; `None` if there are none.
fn key_range(keys: &Keys, range: &Range<String>, job: Option<&JobId>) -> Option<KeyRange> {
    let name = match job {
        None => "history/".to_owned(),
        Some(job) => format!("job_history/{job}{SEPARATOR}"),
    };
    if range.is_empty() {
        return None;
    }
    let last = match range.start.as_str() {
        "" => "~".to_owned(),
        start => boundary(start),
    };
    Some((keys.key(&format!("{name}{}", boundary(&range.end))), keys.key(&(name + &last))))
}

impl Etcd {
    pub(crate) async fn find_history(
        &self,
        queries: &[HistoryQuery<'_>],
    ) -> Result<HistoryQueryResult<Version>, StoreError> {
        for _ in 0..MAX_ATTEMPTS {
            if let Some(result) = self.find_entries(queries).await? {
                return Ok(result);
            }
        }
        Err(RequestError::unavailable("the index of the history changes too fast").into())
    }

    /// `None` if keys of the index had no entry: they have been deleted.
    async fn find_entries(
        &self,
        queries: &[HistoryQuery<'_>],
    ) -> Result<Option<HistoryQueryResult<Version>>, StoreError> {
        let range = |query: &HistoryQuery<'_>| {
            let (key, range_end) = key_range(&self.keys, &query.keys, query.job)?;
            let sort_order = if query.newest { 0 } else { RangeRequest::DESCENDING };
            let limit = limit(query.limit);
            Some(RangeRequest {
                key,
                range_end,
                limit,
                sort_order,
                keys_only: true,
                ..RangeRequest::default()
            })
        };
        let (found, _) = self.ranges(queries.iter().filter_map(range).collect(), 0).await?;
        let is_complete = !found.iter().any(|found| found.more);
        let mut seen = HashSet::new();
        let (mut names, mut indexed) = (Vec::new(), Vec::new());
        for kv in found.iter().flat_map(|found| &found.kvs) {
            let by_job = self.keys.last_part("job_history", &kv.key);
            let by_job = by_job.and_then(|name| Some(name.rsplit_once(SEPARATOR)?.1));
            let name = by_job.or_else(|| self.keys.last_part("history", &kv.key));
            let Some(name) = name.filter(|name| seen.insert(name.to_owned())) else { continue };
            names.push(name.to_owned());
            indexed.push(by_job.map(|_| kv));
        }
        let entries = self.read_keys(KvNamespace::History, &names).await?;
        let stale = names.iter().zip(&indexed).zip(&entries).filter_map(|((name, kv), entry)| {
            let (kv, None) = ((*kv)?, entry) else { return None };
            let (key, revision) = (kv.key.clone(), kv.mod_revision);
            let job = self.keys.entry(KvNamespace::History, name);
            Some(StaleKey { key, revision, job, job_revision: 0 })
        });
        let stale: Vec<_> = stale.collect();
        if !stale.is_empty() && self.delete_stale(&stale).await? {
            return Ok(None);
        }
        let entries = entries.into_iter().flatten().collect();
        Ok(Some(HistoryQueryResult { entries, is_complete }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: [&str; 2] = ["-0aa-00000001", "-f0b-00000002"];

    #[test]
    fn ranges_contain_the_same_keys_in_the_opposite_order() {
        let times =
            ["0000000000000000", "7fffffffffffff00", "8000000000000000", "ffffffffffffffff"];
        let logical: Vec<_> =
            times.iter().flat_map(|time| IDS.map(|id| format!("{time}{id}"))).collect();
        let mut bounds = vec![String::new()];
        bounds.extend(times.iter().flat_map(|time| [time.to_string(), format!("{time}~")]));
        bounds.extend(logical.clone());
        let keys = Keys::new("a").unwrap();
        let job = JobId::new("job").unwrap();
        for (start, end) in
            bounds.iter().flat_map(|start| bounds.iter().map(move |end| (start, end)))
        {
            // A key is never the start of a range.
            if start.len() > TIME_DIGITS + 1 {
                continue;
            }
            let range: Range<String> = start.clone()..end.clone();
            let expected: Vec<_> = logical.iter().filter(|key| range.contains(*key)).collect();
            for (job, name) in [(None, "history/"), (Some(&job), "job_history/job\x1f")] {
                let found = key_range(&keys, &range, job);
                let mut stored: Vec<_> = logical
                    .iter()
                    .map(|key| (keys.key(&format!("{name}{}", storage_key(key))), key))
                    .collect();
                stored.sort();
                let is_found = |key: &Vec<u8>| {
                    found.as_ref().is_some_and(|(start, end)| (start..end).contains(&key))
                };
                let mut actual: Vec<_> =
                    stored.iter().filter(|(key, _)| is_found(key)).map(|(_, key)| *key).collect();
                actual.reverse();
                assert_eq!(actual, expected, "{range:?}");
            }
        }
    }
}
