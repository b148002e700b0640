//! Jobs that wait for the start.

use std::sync::Arc;

use parking_lot::Mutex;
use punctual_core::{CheckedJob, JobRef};

use crate::error::SchedulerError;

/// The jobs that wait for the start, as long as jobs wait.
#[derive(Default)]
pub(crate) struct Pending(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    /// The scheduler runs: jobs go into their stores.
    is_closed: bool,
    jobs: Vec<Arc<CheckedJob>>,
    /// Those that a failed start may have stored all the same.
    perhaps_stored: Vec<JobRef>,
}

fn is(pending: &CheckedJob, job: &JobRef) -> bool {
    pending.id == job.job_id && pending.job_store == job.job_store
}

impl Pending {
    /// Whether jobs wait.
    pub(super) fn is_open(&self) -> bool {
        !self.0.lock().is_closed
    }

    /// Lets jobs wait from now on.
    pub(super) fn open(&self) {
        self.0.lock().is_closed = false;
    }

    /// Takes a job in, if jobs wait; whether it did.
    ///
    /// # Errors
    ///
    /// [`JobExists`](SchedulerError::JobExists), unless the job replaces one of its id.
    pub(super) fn keep(&self, job: &CheckedJob) -> Result<bool, SchedulerError> {
        let mut waiting = self.0.lock();
        if waiting.is_closed {
            return Ok(false);
        }
        let reference = job.reference();
        match waiting.jobs.iter_mut().find(|other| is(other, &reference)) {
            Some(_) if !job.replace_existing => return Err(SchedulerError::job_exists(job)),
            Some(other) => *other = Arc::new(job.clone()),
            None => waiting.jobs.push(Arc::new(job.clone())),
        }
        Ok(true)
    }

    /// The one of this number; without one, jobs wait no more, and all that have waited are gone. No job is added in
    /// between.
    pub(super) fn get_or_close(&self, number: usize) -> Option<Arc<CheckedJob>> {
        let mut waiting = self.0.lock();
        let job = waiting.jobs.get(number).cloned();
        if job.is_none() {
            *waiting = Waiting { is_closed: true, ..Waiting::default() };
        }
        job
    }

    /// Remembers that the store was not heard to have left a job out, or to have removed it.
    pub(super) fn doubt(&self, job: JobRef) {
        self.0.lock().perhaps_stored.push(job);
    }

    /// Whether a failed start may have stored the job.
    pub(super) fn is_perhaps_stored(&self, job: &CheckedJob) -> bool {
        self.0.lock().perhaps_stored.iter().any(|other| is(job, other))
    }

    /// Those that `fits` lets through.
    pub(super) fn list(&self, fits: impl Fn(&CheckedJob) -> bool) -> Vec<Arc<CheckedJob>> {
        self.0.lock().jobs.iter().filter(|job| fits(job)).cloned().collect()
    }

    pub(super) fn get(&self, job: &JobRef) -> Result<Arc<CheckedJob>, SchedulerError> {
        let waiting = self.0.lock();
        let found = waiting.jobs.iter().find(|other| is(other, job));
        found.cloned().ok_or_else(|| SchedulerError::JobNotFound(job.job_id.clone()))
    }

    /// Changes a job, if it still waits, and returns it as it is then.
    pub(super) fn change(
        &self,
        job: &JobRef,
        change: impl FnOnce(&mut CheckedJob),
    ) -> Result<Arc<CheckedJob>, SchedulerError> {
        let mut waiting = self.0.lock();
        let found = waiting.jobs.iter_mut().find(|other| is(other, job));
        let found = found.ok_or_else(|| SchedulerError::JobNotFound(job.job_id.clone()))?;
        change(Arc::make_mut(found));
        Ok(Arc::clone(found))
    }

    /// Takes out those that `fits` lets through.
    pub(super) fn remove(&self, fits: impl Fn(&CheckedJob) -> bool) -> Vec<Arc<CheckedJob>> {
        let mut waiting = self.0.lock();
        let jobs = std::mem::take(&mut waiting.jobs);
        let (gone, kept) = jobs.into_iter().partition(|job| fits(job));
        waiting.jobs = kept;
        gone
    }
}
