//! Building the public [`Job`] from a record.

use std::sync::Arc;

use punctual_core::{JobDefinition, JobProblem, JobRecord, Revision, Schedule};

use super::Jobs;
use crate::job::{CheckedJob, Job, JobState};
use crate::store::RegisteredStore;

impl Jobs {
    /// The public view of a stored job, with the reason why it can't be run in this process, if there is one.
    pub(super) fn job(&self, store: &RegisteredStore, record: &JobRecord) -> Job {
        let decoded = store.decode(record);
        let zone = decoded.as_ref().ok().and_then(|decoded| decoded.trigger.zone().cloned());
        let zone = zone.unwrap_or_else(|| self.shared.zone());
        let mut job = Job::from_record(record, store.alias.clone(), zone);
        match &decoded {
            Ok(decoded) => {
                job.definition = Some(Arc::clone(&decoded.definition));
                job.trigger = Some(Arc::clone(&decoded.trigger));
                job.problem = self.problem(record, &decoded.definition).map(Arc::new);
            }
            Err(problem) => {
                // A readable definition is included even if its trigger can't be restored.
                job.definition = record.definition.decode().ok();
                job.problem = Some(Arc::clone(problem));
            }
        }
        job
    }

    fn problem(&self, record: &JobRecord, definition: &JobDefinition) -> Option<JobProblem> {
        if self.shared.settings.client_only {
            // A client runs no jobs, so it does not check whether they can be run.
            return None;
        }
        let Some(task) = self.shared.task(&record.task) else {
            return Some(JobProblem::UnknownTask(record.task.clone()));
        };
        self.executor_problem(definition)
            .or_else(|| task.check(&definition.args).err().map(JobProblem::Arguments))
    }

    fn executor_problem(&self, definition: &JobDefinition) -> Option<JobProblem> {
        let is_known = self.shared.settings.client_only
            || self.shared.executor(&definition.executor).is_some();
        (!is_known).then(|| JobProblem::UnknownExecutor(definition.executor.clone()))
    }

    /// The public view of a job that was just added with this schedule.
    pub(super) fn added_job(&self, job: &CheckedJob, schedule: Option<Schedule>) -> Job {
        let mut shown = self.pending_job(job);
        shown.state = if schedule.is_some() { JobState::Scheduled } else { JobState::Paused };
        shown.next_run_time = schedule.map(|schedule| schedule.next_run_time);
        shown.due_at = schedule.map(|schedule| schedule.due_at);
        shown.revision = Revision::FIRST;
        shown.problem = self.executor_problem(&job.definition).map(Arc::new);
        shown
    }

    /// The public view of a pending job.
    pub(super) fn pending_job(&self, job: &CheckedJob) -> Job {
        let record = JobRecord {
            id: job.id.clone(),
            task: job.definition.task.clone(),
            definition: Default::default(),
            revision: Default::default(),
            fence: Default::default(),
            schedule: None,
            fire_count: 0,
            claims: 0,
            finished: false,
            in_flight: 0,
        };
        let zone = job.trigger.zone().cloned();
        let zone = zone.unwrap_or_else(|| self.shared.zone());
        let mut shown = Job::from_record(&record, job.job_store.clone(), zone);
        shown.state = JobState::Pending;
        shown.definition = Some(Arc::clone(&job.definition));
        shown.trigger = Some(Arc::clone(&job.trigger));
        shown
    }
}
