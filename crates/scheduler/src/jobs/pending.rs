//! Jobs added before the start.

use std::sync::Arc;

use parking_lot::Mutex;
use punctual_core::JobRef;

use crate::error::SchedulerError;
use crate::job::CheckedJob;

/// The jobs added before the start, and whether further ones are accepted.
#[derive(Default)]
pub(crate) struct PendingJobs(Mutex<PendingList>);

#[derive(Default)]
struct PendingList {
    /// The scheduler is started: jobs are added to their stores.
    is_closed: bool,
    jobs: Vec<Arc<CheckedJob>>,
    /// Jobs that a failed start may have stored.
    possibly_stored: Vec<JobRef>,
}

fn has_reference(pending: &CheckedJob, job: &JobRef) -> bool {
    pending.id == job.job_id && pending.job_store == job.job_store
}

impl PendingJobs {
    /// Whether added jobs are kept pending.
    pub(super) fn is_accepting(&self) -> bool {
        !self.0.lock().is_closed
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
        match list.jobs.iter_mut().find(|other| has_reference(other, &reference)) {
            Some(_) if !job.replace_existing => return Err(SchedulerError::job_exists(job)),
            Some(other) => *other = Arc::new(job.clone()),
            None => list.jobs.push(Arc::new(job.clone())),
        }
        Ok(true)
    }

    /// Returns the pending job with this index. If there is none, clears the list and stops accepting jobs, atomically,
    /// so that no job is added in between.
    pub(super) fn nth_or_close(&self, number: usize) -> Option<Arc<CheckedJob>> {
        let mut list = self.0.lock();
        let job = list.jobs.get(number).cloned();
        if job.is_none() {
            *list = PendingList { is_closed: true, ..PendingList::default() };
        }
        job
    }

    /// Records that a job may be stored, because it is unknown whether a failed call was applied.
    pub(super) fn mark_possibly_stored(&self, job: JobRef) {
        self.0.lock().possibly_stored.push(job);
    }

    /// Whether a failed start may have stored the job.
    pub(super) fn is_possibly_stored(&self, job: &CheckedJob) -> bool {
        self.0.lock().possibly_stored.iter().any(|other| has_reference(job, other))
    }

    /// The pending jobs for which `fits` returns true.
    pub(super) fn list(&self, fits: impl Fn(&CheckedJob) -> bool) -> Vec<Arc<CheckedJob>> {
        self.0.lock().jobs.iter().filter(|job| fits(job)).cloned().collect()
    }

    pub(super) fn get(&self, job: &JobRef) -> Result<Arc<CheckedJob>, SchedulerError> {
        let list = self.0.lock();
        let found = list.jobs.iter().find(|other| has_reference(other, job));
        found.cloned().ok_or_else(|| SchedulerError::job_not_found(&job.job_id, &job.job_store))
    }

    /// Changes a pending job and returns it.
    pub(super) fn change(
        &self,
        job: &JobRef,
        change: impl FnOnce(&mut CheckedJob),
    ) -> Result<Arc<CheckedJob>, SchedulerError> {
        let mut list = self.0.lock();
        let found = list.jobs.iter_mut().find(|other| has_reference(other, job));
        let found =
            found.ok_or_else(|| SchedulerError::job_not_found(&job.job_id, &job.job_store))?;
        change(Arc::make_mut(found));
        Ok(Arc::clone(found))
    }

    /// Removes and returns the pending jobs for which `fits` returns true.
    pub(super) fn remove(&self, fits: impl Fn(&CheckedJob) -> bool) -> Vec<Arc<CheckedJob>> {
        let mut list = self.0.lock();
        let jobs = std::mem::take(&mut list.jobs);
        let (removed, kept) = jobs.into_iter().partition(|job| fits(job));
        list.jobs = kept;
        removed
    }
}
