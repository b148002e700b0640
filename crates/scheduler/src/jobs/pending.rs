//! Jobs added before the start.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::Mutex;
use punctual_core::{JobRef, log_warning};

use crate::error::SchedulerError;
use crate::job::CheckedJob;

/// The jobs added before the start, and whether further ones are accepted.
#[derive(Default)]
pub(crate) struct PendingJobs(Mutex<PendingList>);

/// The position of a pending job in the order in which the jobs were added.
pub(super) type Position = u64;

#[derive(Default)]
struct PendingList {
    /// The scheduler is started: jobs are added to their stores.
    is_closed: bool,
    /// The scheduler has been started before, so its stores may contain other jobs.
    was_started: bool,
    jobs: BTreeMap<Position, Arc<CheckedJob>>,
    positions: HashMap<JobRef, Position>,
    next: Position,
    /// Jobs that a failed start may have stored.
    possibly_stored: HashSet<JobRef>,
}

impl PendingList {
    fn job_mut(&mut self, job: &JobRef) -> Result<&mut Arc<CheckedJob>, SchedulerError> {
        let found = self.positions.get(job).and_then(|position| self.jobs.get_mut(position));
        found.ok_or_else(|| SchedulerError::job_not_found(&job.job_id, &job.job_store))
    }
}

impl PendingJobs {
    /// Whether added jobs are kept pending.
    pub(super) fn is_accepting(&self) -> bool {
        !self.0.lock().is_closed
    }

    /// Whether the scheduler has been started before: the pending jobs may not be the only ones.
    pub(super) fn was_started(&self) -> bool {
        self.0.lock().was_started
    }

    /// Accepts pending jobs from now on.
    pub(super) fn reopen(&self) {
        self.0.lock().is_closed = false;
    }

    /// Adds a job if pending jobs are accepted. Returns `true` if it did.
    ///
    /// # Errors
    ///
    /// Returns [`JobExists`](SchedulerError::JobExists) if a pending job has the same id and `replace_existing` is not
    /// set.
    pub(super) fn add_if_accepting(&self, job: &CheckedJob) -> Result<bool, SchedulerError> {
        let mut list = self.0.lock();
        if list.is_closed {
            return Ok(false);
        }
        let reference = job.reference();
        match list.job_mut(&reference) {
            Ok(_) if !job.replace_existing => return Err(SchedulerError::job_exists(job)),
            Ok(other) => *other = Arc::new(job.clone()),
            Err(_) => {
                let position = list.next;
                list.next += 1;
                list.jobs.insert(position, Arc::new(job.clone()));
                list.positions.insert(reference, position);
            }
        }
        Ok(true)
    }

    /// Returns the first pending job after this position. If there is none, clears the list and stops accepting jobs,
    /// atomically, so that no job is added in between.
    pub(super) fn next_or_close(
        &self,
        after: Option<Position>,
    ) -> Option<(Position, Arc<CheckedJob>)> {
        let mut list = self.0.lock();
        let rest = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let next = list.jobs.range(rest).next();
        let next = next.map(|(position, job)| (*position, Arc::clone(job)));
        if next.is_none() {
            *list = PendingList { is_closed: true, was_started: true, ..PendingList::default() };
        }
        next
    }

    /// Records that a job may be stored, because it is unknown whether a failed call was applied.
    pub(super) fn mark_possibly_stored(&self, job: JobRef) {
        self.0.lock().possibly_stored.insert(job);
    }

    /// Whether a failed start may have stored the job.
    pub(super) fn is_possibly_stored(&self, job: &CheckedJob) -> bool {
        self.0.lock().possibly_stored.contains(&job.reference())
    }

    /// The pending jobs for which `fits` returns true.
    pub(super) fn list(&self, fits: impl Fn(&CheckedJob) -> bool) -> Vec<Arc<CheckedJob>> {
        self.0.lock().jobs.values().filter(|job| fits(job)).cloned().collect()
    }

    pub(super) fn get(&self, job: &JobRef) -> Result<Arc<CheckedJob>, SchedulerError> {
        self.0.lock().job_mut(job).cloned()
    }

    /// Changes a pending job and returns it.
    pub(super) fn change(
        &self,
        job: &JobRef,
        change: impl FnOnce(&mut CheckedJob),
    ) -> Result<Arc<CheckedJob>, SchedulerError> {
        let mut list = self.0.lock();
        let found = list.job_mut(job)?;
        change(Arc::make_mut(found));
        Ok(Arc::clone(found))
    }

    /// Removes a pending job and returns it.
    pub(super) fn remove(&self, job: &JobRef) -> Result<Arc<CheckedJob>, SchedulerError> {
        let mut list = self.0.lock();
        let position = list.positions.remove(job);
        let removed = position.and_then(|position| list.jobs.remove(&position));
        removed.ok_or_else(|| SchedulerError::job_not_found(&job.job_id, &job.job_store))
    }

    /// Removes and returns the pending jobs for which `fits` returns true.
    pub(super) fn remove_all(&self, fits: impl Fn(&CheckedJob) -> bool) -> Vec<Arc<CheckedJob>> {
        let mut list = self.0.lock();
        let removed: Vec<_> =
            list.jobs.extract_if(.., |_, job| fits(job)).map(|(_, job)| job).collect();
        for job in &removed {
            list.positions.remove(&job.reference());
        }
        removed
    }
}

impl Drop for PendingJobs {
    /// Reports jobs that never run, because the scheduler is dropped and was not started.
    fn drop(&mut self) {
        let jobs: Vec<_> = self.0.get_mut().jobs.values().map(|job| job.to_string()).collect();
        if !jobs.is_empty() {
            log_warning(&format_args!(
                "the scheduler was dropped without having been started; these jobs never run: {}",
                jobs.join(", ")
            ));
        }
    }
}
