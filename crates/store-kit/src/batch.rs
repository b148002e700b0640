//! Batches, cut into what a backend takes at once.

use std::collections::HashMap;

use punctual_core::{BatchLimit, Commit, JobId, NewRecord, TaskFilter, TaskName};

/// The tasks that a filter lets pass; none for all of them.
#[must_use]
pub fn task_names(filter: &TaskFilter) -> Option<Vec<&str>> {
    match filter {
        TaskFilter::Any => None,
        TaskFilter::Only(names) => Some(names.iter().map(TaskName::as_str).collect()),
        // A kind of filter that a newer core knows and this build doesn't lets nothing pass.
        _ => Some(Vec::new()),
    }
}

/// Cuts rows into parts, each for one request: so many rows at most, and about so many bytes. One that is larger
/// goes alone.
///
/// ```
/// use punctual_core::BatchLimit;
/// use punctual_store_kit::parts;
///
/// let limit = BatchLimit { count: 2, bytes: 10 };
/// let parts: Vec<_> = parts(&["a", "b", "c", "a long text"], limit, |text| text.len()).collect();
/// assert_eq!(parts, [&["a", "b"][..], &["c"], &["a long text"]]);
/// ```
pub fn parts<T>(
    mut rows: &[T],
    limit: BatchLimit,
    size: impl Fn(&T) -> usize,
) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let mut bytes: usize = 0;
        let fits = |row: &&T| {
            bytes = bytes.saturating_add(size(row));
            bytes <= limit.bytes
        };
        let count = rows.iter().take(limit.count).take_while(fits).count();
        let (part, rest) = rows.split_at(count.max(1).min(rows.len()));
        rows = rest;
        (!part.is_empty()).then_some(part)
    })
}

/// Jobs in parts that are each added by one request, by the bytes of their definitions.
pub fn job_parts(jobs: &[NewRecord], limit: BatchLimit) -> impl Iterator<Item = &[NewRecord]> {
    parts(jobs, limit, |job| job.definition.as_bytes().len())
}

/// Commits with their places in the batch, no two of them for the same job.
pub type Wave<'a> = Vec<(usize, &'a Commit)>;

/// Splits a batch into waves, to be carried out one after the other, each all at once: so commits for
/// the same job keep their order. Nearly all batches have one wave.
#[must_use]
pub fn waves(batch: &[Commit]) -> Vec<Wave<'_>> {
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
        let limit = BatchLimit { count: 3, bytes: 10 };
        let cut =
            |rows: &[usize]| parts(rows, limit, |row| *row).map(<[_]>::to_vec).collect::<Vec<_>>();
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
