//! Comparison of the store and the model, and of values that the store may choose.

use std::collections::BTreeMap;
use std::fmt::Debug;

use punctual_core::{
    Fence, JobId, JobRecord, RunId, StoreError, StoredJob, Timestamp, error_chain,
};

/// Fails with both values if they differ.
pub(super) fn ensure_equal<T: PartialEq + Debug>(
    what: &str,
    expected: &T,
    returned: &T,
) -> Result<(), String> {
    if expected == returned {
        return Ok(());
    }
    Err(format!("{what}\n    by the model: {expected:?}\n    by the store: {returned:?}"))
}

/// Describes the failure of a call.
pub(super) fn failed(call: &str) -> impl Fn(StoreError) -> String {
    move |error| format!("{call} failed: {}", error_chain(&error))
}

/// Fails with a message if the condition is false.
pub(super) fn ensure(right: bool, wrong: impl FnOnce() -> String) -> Result<(), String> {
    if right { Ok(()) } else { Err(wrong()) }
}

/// All fences that jobs and runs have had, oldest first. Operations refer to them.
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

    /// Returns whether the job, or an earlier job with the same id, has had the fence.
    pub(super) fn was_used(&self, id: &JobId, fence: Fence) -> bool {
        self.jobs.get(id).is_some_and(|fences| fences.contains(&fence))
    }

    pub(super) fn record(&mut self, job: &StoredJob) {
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

/// Copies the fence that the store has chosen into the model, after checking that it is larger than the previous one,
/// or unused for a new job. `before` is the job before the operation.
pub(super) fn accept_fence(
    job: &mut StoredJob,
    before: Option<&StoredJob>,
    seen: &JobRecord,
    fences: &Fences,
) -> Result<(), String> {
    let (own, new) = (job.record.fence, seen.fence);
    match before.map(|job| job.record.fence) {
        Some(old) if old == own => return Ok(()),
        Some(old) => {
            ensure(new > old, || format!("the fence must be larger than {old:?}: {seen:?}"))?
        }
        None => {
            let is_new = !fences.was_used(&seen.id, new);
            ensure(is_new, || {
                format!("a removed job with the same id had the fence of: {seen:?}")
            })?;
            job.last_unsettled_fence = new;
        }
    }
    job.record.fence = new;
    Ok(())
}

/// Checks that the earliest due jobs were claimed, in the order of `due_at`; jobs with equal `due_at` may be in any
/// order. Returns the number of due jobs that were not claimed.
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
