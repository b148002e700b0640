//! Batches as JSON arrays: one parameter of one prepared statement, however many rows.

use std::collections::HashMap;

use punctual_core::{
    Commit, CommitAction, InFlightRun, JobId, StoreError, StoreErrorKind, TaskFilter,
};
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

/// The tasks that a filter lets pass as a JSON array; none for all of them.
pub(crate) fn tasks(filter: &TaskFilter) -> Result<Option<String>, StoreError> {
    match filter {
        TaskFilter::Any => Ok(None),
        TaskFilter::Only(names) => json(names.as_ref()).map(Some),
        // A kind of filter that a newer core knows and this build doesn't lets nothing pass.
        _ => Ok(Some("[]".into())),
    }
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

/// The commits of a wave whose fence holds, as rows for the statements that carry them out.
#[derive(Default)]
pub(crate) struct Changes<'a> {
    /// Id, next run time, due at, fire count, fence.
    pub(crate) advance: Vec<(&'a str, i64, i64, i64, i64)>,
    /// Id, due at.
    pub(crate) postpone: Vec<(&'a str, i64)>,
    /// Id.
    pub(crate) finish: Vec<&'a str>,
    /// Id.
    pub(crate) release: Vec<&'a str>,
    /// Job, run, scheduled time, attempt, node, fence.
    pub(crate) start: Vec<(&'a str, String, i64, u32, &'a str, i64)>,
}

impl<'a> Changes<'a> {
    /// Takes the commit in; whether there is such a change at all. Clearing a run is none, since it is
    /// guarded by the run's own fence.
    pub(crate) fn push(&mut self, commit: &'a Commit) -> bool {
        let id = commit.id.as_str();
        let runs = match &commit.action {
            CommitAction::Advance { schedule, fire_count, start } => {
                let (next, due) = (schedule.next_run_time, schedule.due_at);
                // Databases have signed integers; a count never gets there.
                let (next, due, fires) = (next.as_micros(), due.as_micros(), *fire_count as i64);
                self.advance.push((id, next, due, fires, commit.fence.0));
                start
            }
            CommitAction::Finish { start } => {
                self.finish.push(id);
                start
            }
            CommitAction::Postpone { due_at } => {
                self.postpone.push((id, due_at.as_micros()));
                return true;
            }
            CommitAction::Start { runs } => {
                self.release.push(id);
                runs
            }
            // Also an action that a newer core knows and this build doesn't.
            _ => return false,
        };
        self.start.extend(runs.iter().map(|run| run_row(id, run)));
        true
    }
}

fn run_row<'a>(id: &'a str, run: &'a InFlightRun) -> (&'a str, String, i64, u32, &'a str, i64) {
    (
        id,
        run.run_id.to_string(),
        run.scheduled_time.as_micros(),
        run.attempt,
        run.node.as_str(),
        run.fence.0,
    )
}

#[cfg(test)]
mod tests {
    use punctual_core::Fence;

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
