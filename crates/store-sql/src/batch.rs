//! Batches as JSON arrays: one parameter of one prepared statement, however many rows.

use std::collections::HashMap;

use punctual_core::{Commit, JobId, NewRecord, StoreError, StoreErrorKind, TaskFilter, TaskName};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Rows for a statement that reads them with the database's own JSON functions.
pub(crate) fn json<T: Serialize + ?Sized>(rows: &T) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(|error| {
        StoreError::new(StoreErrorKind::Other, "a batch can't be written as JSON")
            .with_source(error)
    })
}

/// The rows that a statement answered in the same way.
pub(crate) fn unjson<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| {
        StoreError::new(StoreErrorKind::Corrupt, "the database answered with wrong JSON")
            .with_source(error)
    })
}

/// The tasks that a filter lets pass; none for all of them.
pub(crate) fn task_names(filter: &TaskFilter) -> Option<Vec<&str>> {
    match filter {
        TaskFilter::Any => None,
        TaskFilter::Only(names) => Some(names.iter().map(TaskName::as_str).collect()),
        // A kind of filter that a newer core knows and this build doesn't lets nothing pass.
        _ => Some(Vec::new()),
    }
}

/// The same as a JSON array.
pub(crate) fn tasks(filter: &TaskFilter) -> Result<Option<String>, StoreError> {
    task_names(filter).map(|names| json(&names)).transpose()
}

/// Cuts rows into parts, each for one statement: so many rows at most, and about so many bytes.
pub(crate) fn parts<T>(
    mut rows: &[T],
    most_rows: usize,
    most_bytes: usize,
    size: impl Fn(&T) -> usize,
) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |row: &&T| {
            bytes += size(row);
            bytes <= most_bytes
        };
        let count = rows.iter().take(most_rows).take_while(fits).count();
        // One that is larger goes alone.
        let (part, rest) = rows.split_at(count.max(1).min(rows.len()));
        rows = rest;
        (!part.is_empty()).then_some(part)
    })
}

/// Jobs in parts that are each added by one statement: not too many rows or bytes for it.
pub(crate) fn job_parts(jobs: &[NewRecord]) -> impl Iterator<Item = &[NewRecord]> {
    parts(jobs, 5_000, 16 << 20, |job| job.definition.as_bytes().len())
}

/// Commits with their places in the batch, no two of them for the same job.
pub(crate) type Wave<'a> = Vec<(usize, &'a Commit)>;

/// Splits a batch into waves, to be carried out one after the other, each all at once: so commits for
/// the same job keep their order. Nearly all batches have one wave.
pub(crate) fn waves(batch: &[Commit]) -> Vec<Wave<'_>> {
    let mut seen: HashMap<&JobId, usize> = HashMap::with_capacity(batch.len());
    let mut waves: Vec<Wave<'_>> = Vec::new();
    for (place, commit) in batch.iter().enumerate() {
        let earlier = seen.entry(&commit.id).or_default();
        if waves.len() == *earlier {
            waves.push(Vec::new());
        }
        waves[*earlier].push((place, commit));
        *earlier += 1;
    }
    waves
}

#[cfg(test)]
mod tests {
    use punctual_core::{CommitAction, Fence};

    use super::*;

    #[test]
    fn parts_are_as_large_as_they_may_be() {
        let cut =
            |rows: &[usize]| parts(rows, 3, 10, |row| *row).map(<[_]>::to_vec).collect::<Vec<_>>();
        assert_eq!(
            cut(&[1, 1, 1, 1, 9, 2, 30, 30, 0]),
            [vec![1, 1, 1], vec![1, 9], vec![2], vec![30], vec![30], vec![0]]
        );
        assert!(cut(&[]).is_empty());
    }

    #[test]
    fn commits_for_the_same_job_are_kept_in_order() {
        let commit = |name: &str| Commit {
            id: JobId::new(name).unwrap(),
            fence: Fence(1),
            action: CommitAction::Finish { start: Vec::new() },
        };
        let batch = ["a", "b", "a", "c", "a", "b"].map(commit);
        let places = |wave: &Wave<'_>| wave.iter().map(|(place, _)| *place).collect::<Vec<_>>();
        let waves: Vec<_> = waves(&batch).iter().map(places).collect();
        assert_eq!(waves, [vec![0, 1, 3], vec![2, 5], vec![4]]);
    }
}
