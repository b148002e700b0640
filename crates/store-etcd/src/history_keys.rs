//! The keys of the history.
//!
//! The digits of their keys are complemented: `f` for `0`, `e` for `1`, .. The server returns the first keys of a range
//! without reading the others, but not the last ones, and most searches are for the newest entries.

use std::ops::Range;

use punctual_core::JobId;
use serde::Deserialize;

use crate::layout::{KeyRange, Keys, SEPARATOR};

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
pub(crate) fn key_range(
    keys: &Keys,
    range: &Range<String>,
    job: Option<&JobId>,
) -> Option<KeyRange> {
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
