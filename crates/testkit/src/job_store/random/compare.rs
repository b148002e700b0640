//! Where a store and the model must agree, and where the choice is the store's.

use std::collections::BTreeMap;
use std::fmt::Debug;

use punctual_core::{Fence, JobId, JobRecord, RunId, StoredJob, Timestamp};

/// What was expected and what was returned, if they differ.
pub(super) fn same<T: PartialEq + Debug>(
    what: &str,
    expected: &T,
    returned: &T,
) -> Result<(), String> {
    if expected == returned {
        return Ok(());
    }
    Err(format!("{what}\n    by the model: {expected:?}\n    by the store: {returned:?}"))
}

/// Fails with what is wrong, unless it is right.
pub(super) fn ensure(right: bool, wrong: impl FnOnce() -> String) -> Result<(), String> {
    if right { Ok(()) } else { Err(wrong()) }
}

/// The fences that jobs and runs have had, oldest first: those that an operation can name.
#[derive(Default)]
pub(super) struct Fences {
    jobs: BTreeMap<JobId, Vec<Fence>>,
    runs: BTreeMap<(JobId, RunId), Vec<Fence>>,
}

impl Fences {
    pub(super) fn of_job(&self, id: &JobId, back: usize) -> Fence {
        Self::pick(self.jobs.get(id), back)
    }

    pub(super) fn of_run(&self, id: &JobId, run_id: RunId, back: usize) -> Fence {
        Self::pick(self.runs.get(&(id.clone(), run_id)), back)
    }

    fn pick(fences: Option<&Vec<Fence>>, back: usize) -> Fence {
        let fence = fences.and_then(|fences| fences.iter().nth_back(back.min(fences.len() - 1)));
        fence.copied().unwrap_or(Fence(1))
    }

    /// Whether the job, or one of that id before it, has had the fence.
    pub(super) fn is_known(&self, id: &JobId, fence: Fence) -> bool {
        self.jobs.get(id).is_some_and(|fences| fences.contains(&fence))
    }

    pub(super) fn learn(&mut self, job: &StoredJob) {
        let id = &job.record.id;
        Self::push(self.jobs.entry(id.clone()).or_default(), job.record.fence);
        for run in &job.runs {
            Self::push(self.runs.entry((id.clone(), run.run_id)).or_default(), run.fence);
        }
    }

    fn push(fences: &mut Vec<Fence>, fence: Fence) {
        if fences.last() != Some(&fence) {
            fences.push(fence);
        }
    }
}

/// Takes the record's fence from the store, which chooses by how much to raise it, after a look at whether it
/// may be that. `before` is the job as it was before the operation.
pub(super) fn adopt_fence(
    job: &mut StoredJob,
    before: Option<&StoredJob>,
    seen: &JobRecord,
    fences: &Fences,
) -> Result<(), String> {
    let (own, new) = (job.record.fence, seen.fence);
    match before.map(|job| job.record.fence) {
        Some(old) if old == own => return Ok(()),
        Some(old) => ensure(new > old, || format!("the fence must rise from {old:?}: {seen:?}"))?,
        None => {
            let is_new = !fences.is_known(&seen.id, new);
            ensure(is_new, || format!("a removed job of that id had the fence of: {seen:?}"))?;
            job.last_unsettled_fence = new;
        }
    }
    job.record.fence = new;
    Ok(())
}

/// Checks that claims are those of what was due earliest, in this order; which of those that are due at the same
/// instant is the store's choice. Returns how many are left.
pub(super) fn earliest_first(
    mut due: BTreeMap<&JobId, Timestamp>,
    records: &[JobRecord],
) -> Result<usize, String> {
    for record in records {
        let earliest = due.values().min().copied();
        let own = due.get(&record.id).copied();
        ensure(own.is_some() && own == earliest, || {
            format!("claim_due must return one of the earliest of {due:?}, not {record:?}")
        })?;
        due.remove(&record.id);
    }
    Ok(due.len())
}
