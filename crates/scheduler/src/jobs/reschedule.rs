//! Pausing and resuming jobs, and making them due.

use std::sync::Arc;

use punctual_core::{JobProblem, JobRecord, JobRef, RecordUpdate, Schedule};

use super::Jobs;
use super::change::{is_conflict, is_unmodified};
use super::find::Found;
use super::selector::JobSelector;
use crate::error::SchedulerError;
use crate::job::{Job, RunAt};
use crate::shared::MAX_CONFLICT_ATTEMPTS;
use crate::store::{RegisteredStore, StoreAccess};

impl Jobs {
    /// Removes the next run time of a job. Runs in progress continue.
    pub(crate) async fn pause_job(
        &self,
        selector: JobSelector,
        access: &mut StoreAccess<'_>,
    ) -> Result<Job, SchedulerError> {
        self.set_schedule(selector, |_, _| Ok(Some(None)), access).await
    }

    /// Recomputes the next run time of a job from the current time.
    pub(crate) async fn resume_job(
        &self,
        selector: JobSelector,
        access: &mut StoreAccess<'_>,
    ) -> Result<Job, SchedulerError> {
        let from_now = |store: Option<&RegisteredStore>, job: &Job| {
            self.resumed_schedule(store, job).map(|schedule| Some(Some(schedule)))
        };
        self.set_schedule(selector, from_now, access).await
    }

    /// The schedule of a job that is resumed now.
    pub(super) fn resumed_schedule(
        &self,
        store: Option<&RegisteredStore>,
        job: &Job,
    ) -> Result<Schedule, SchedulerError> {
        let trigger = job.trigger.as_ref().ok_or_else(|| {
            let unknown_task = || Arc::new(JobProblem::UnknownTask(job.task.clone()));
            let problem = job.problem.clone().unwrap_or_else(unknown_task);
            let reference = JobRef::new(job.job_store.clone(), job.id.clone());
            SchedulerError::job_unresolved(reference, problem)
        })?;
        self.schedule_from_now(store, Some(&job.id), &**trigger)
    }

    /// Makes a job due now, for any process that can run it.
    pub(crate) async fn make_job_due(
        &self,
        selector: JobSelector,
        access: &mut StoreAccess<'_>,
    ) -> Result<Job, SchedulerError> {
        if !self.shared.scheduler_state.is_started() {
            return Err(SchedulerError::NotRunning);
        }
        let now = |store: Option<&RegisteredStore>, job: &Job| {
            let now = self.now(store);
            // A job that is already due keeps its earlier run time, which may be claimed. It is not postponed any longer.
            Ok(job.next_run_time.is_none_or(|next| next > now).then_some(Some(Schedule::at(now))))
        };
        self.set_schedule(selector, now, access).await
    }

    /// Sets the schedule that `schedule` returns; `None` keeps the run time.
    async fn set_schedule(
        &self,
        selector: JobSelector,
        schedule: impl Fn(
            Option<&RegisteredStore>,
            &Job,
        ) -> Result<Option<Option<Schedule>>, SchedulerError>,
        access: &mut StoreAccess<'_>,
    ) -> Result<Job, SchedulerError> {
        let mut attempt = 1;
        let mut conflict: Option<(JobRecord, SchedulerError)> = None;
        loop {
            let (store, record) = match self.find(selector.clone(), access).await? {
                Found::Stored(store, job) => (store, job.record),
                Found::Pending(job) => {
                    let pending = self.pending_job(&*self.pending.get(&job)?);
                    let paused = schedule(None, &pending)? == Some(None);
                    let first_run = if paused { RunAt::Paused } else { RunAt::Trigger };
                    let changed = self.pending.change(&job, |job| job.set_first_run(first_run))?;
                    return Ok(self.pending_job(&changed));
                }
            };
            if record.id.is_of_retry() && record.finished {
                // Its run is in progress, and would be repeated.
                return Ok(self.job(&store, &record));
            }
            if let Some((before, error)) = conflict.take()
                && !access.is_autocommit()
                && is_unmodified(&record, &before)
            {
                // The transaction does not see the concurrent change, so a retry in it would fail again.
                return Err(error);
            }
            let schedule = schedule(Some(&store), &self.job(&store, &record))?;
            let update = RecordUpdate {
                schedule,
                // A pause does not depend on the current run time.
                expected_run_time: (schedule != Some(None)).then(|| record.next_run_time()),
                ..Default::default()
            };
            match self.update(&store, &record, update.clone(), access).await {
                Ok(()) => return self.finish_change(&store, record, update, access).await,
                Err(error) if is_conflict(&error) && attempt < MAX_CONFLICT_ATTEMPTS => {
                    attempt += 1;
                    conflict = Some((record, error));
                }
                Err(error) => return Err(error),
            }
        }
    }
}
