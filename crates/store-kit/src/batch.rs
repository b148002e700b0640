//! Splitting of batches into chunks and groups that a backend can process in one request.

use std::collections::HashMap;

use punctual_core::{BatchLimit, Commit, JobId, NewRecord, TaskFilter, TaskName};

/// The task names that a filter matches, or `None` if it matches all tasks.
#[must_use]
pub fn task_names(filter: &TaskFilter) -> Option<Vec<&str>> {
    match filter {
        TaskFilter::Any => None,
        TaskFilter::Only(names) => Some(names.iter().map(TaskName::as_str).collect()),
        // An unknown variant, added by a newer version of punctual-core, matches no task.
        _ => Some(Vec::new()),
    }
}

/// Splits rows into chunks of at most `limit.count` rows and `limit.bytes` bytes. A row that is larger than
/// `limit.bytes` forms its own chunk.
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

/// Splits jobs into chunks that are each added by one request. The size of a job is that of its definition.
pub fn job_chunks(jobs: &[NewRecord], limit: BatchLimit) -> impl Iterator<Item = &[NewRecord]> {
    parts(jobs, limit, |job| job.definition.as_bytes().len())
}

/// Commits with their indexes in the batch, no two of them for the same job.
pub type CommitGroup<'a> = Vec<(usize, &'a Commit)>;

/// Splits a batch into groups that are executed one after the other, so that commits for the same job keep their
/// order. The commits of one group can be executed in one request. Most batches form one group.
#[must_use]
pub fn commit_groups(batch: &[Commit]) -> Vec<CommitGroup<'_>> {
    let mut seen: HashMap<&JobId, usize> = HashMap::with_capacity(batch.len());
    let mut commit_groups: Vec<CommitGroup<'_>> = Vec::new();
    for (index, commit) in batch.iter().enumerate() {
        let earlier = seen.entry(&commit.id).or_default();
        if commit_groups.len() == *earlier {
            commit_groups.push(Vec::new());
        }
        commit_groups[*earlier].push((index, commit));
        *earlier += 1;
    }
    commit_groups
}

#[cfg(test)]
mod tests {
    use punctual_core::{CommitAction, Fence};

    use super::*;

    #[test]
    fn chunks_are_as_large_as_the_limits_allow() {
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
    fn commits_for_the_same_job_keep_their_order() {
        let commit = |name: &str| Commit {
            id: JobId::new(name).unwrap(),
            fence: Fence(1),
            action: CommitAction::Finish { start: Vec::new() },
        };
        let batch = ["a", "b", "a", "c", "a", "b"].map(commit);
        let indexes =
            |group: &CommitGroup<'_>| group.iter().map(|(index, _)| *index).collect::<Vec<_>>();
        let commit_groups: Vec<_> = commit_groups(&batch).iter().map(indexes).collect();
        assert_eq!(commit_groups, [vec![0, 1, 3], vec![2, 5], vec![4]]);
    }
}
