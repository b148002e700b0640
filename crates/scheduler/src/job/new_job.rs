//! Descriptions of new jobs.

use std::fmt;
use std::sync::Arc;

use punctual_core::{
    Action, Alias, Codec, DeclaredTrigger, IntoTrigger, JobDefinition, JobError, JobId, JobOptions,
    JobRef, NameError, TaskRegistration, Timestamp, Trigger, TriggerDefaults, TriggerSpec,
};
use punctual_triggers::{DateTrigger, IntervalTrigger};

use super::{JobChange, TriggerFactory};

/// When a new job runs for the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RunAt {
    /// At the first fire time of its trigger.
    #[default]
    Trigger,
    /// When it is added to its store, and then at the fire times of its trigger.
    Immediately,
    /// At this instant, and then at the fire times of its trigger.
    Instant(Timestamp),
    /// Not before the job is resumed.
    Paused,
}

/// The description of a job, not yet validated; built by [`NewJob::builder`] for the method `add_jobs` of a scheduler.
pub struct NewJob {
    pub(super) id: Option<Result<JobId, NameError>>,
    pub(super) job_store: Result<Alias, NameError>,
    pub(super) replace_existing: bool,
    pub(super) is_resumed: bool,
    pub(super) first_run: RunAt,
    pub(super) action: Action,
    pub(super) trigger: Option<TriggerFactory>,
    /// The name, the executor and the options.
    pub(super) change: JobChange,
}

impl NewJob {
    pub(super) fn new(action: Action) -> Self {
        Self {
            id: None,
            job_store: Ok(Alias::default()),
            replace_existing: false,
            is_resumed: false,
            first_run: RunAt::Trigger,
            action,
            trigger: None,
            change: JobChange::new(),
        }
    }

    /// The job of the schedule that is declared with a task, if there is one. It replaces a stored job of the same id,
    /// which keeps its next run time if its trigger is the same.
    pub(crate) fn declared(task: &TaskRegistration) -> Result<Option<Self>, JobError> {
        let Some(schedule) = task.schedule() else { return Ok(None) };
        let mut job = Self::new(task.call(&serde_json::Value::Array(Vec::new()))?);
        job.id = Some(JobId::new(schedule.job_id.unwrap_or(task.name().as_str())));
        job.replace_existing = true;
        job.trigger = Some(match schedule.trigger {
            DeclaredTrigger::Cron(line) => Box::new(move |defaults| line.into_trigger(defaults)),
            DeclaredTrigger::Every(interval) => {
                Box::new(move |defaults| IntervalTrigger::every(interval).into_trigger(defaults))
            }
        });
        Ok(Some(job))
    }

    /// The id, if it has been chosen and is valid.
    pub(crate) fn chosen_id(&self) -> Option<&JobId> {
        self.id.as_ref()?.as_ref().ok()
    }

    /// The alias of the store, if it is valid.
    pub(crate) fn job_store(&self) -> Option<&Alias> {
        self.job_store.as_ref().ok()
    }

    /// Validates the description. Returns [`JobError`] for the first invalid value.
    pub(crate) fn check(
        self,
        job_defaults: &JobOptions,
        trigger_defaults: &TriggerDefaults,
        codec: Codec,
    ) -> Result<CheckedJob, JobError> {
        let id = self.id.transpose()?;
        let has_chosen_id = id.is_some();
        if let Some(id) = id.as_ref().filter(|id| id.is_of_retry()) {
            return Err(JobError::reserved_id(id));
        }
        let id = id.unwrap_or_else(JobId::random);
        let job_store = self.job_store?;
        let registration = self.action.registration()?;
        let args = self.action.encode_args(codec)?;
        let trigger = match self.trigger {
            Some(make) => make(trigger_defaults)?,
            None => DateTrigger::now().into_trigger(trigger_defaults)?,
        };
        let mut definition = JobDefinition::new(
            registration.name().clone(),
            args,
            TriggerSpec::of(Arc::clone(&trigger)),
            String::new(),
            Alias::default(),
            job_defaults.clone(),
        );
        self.change.check(trigger_defaults, codec)?.apply(&mut definition)?;
        if definition.name.is_empty() {
            definition.name =
                if registration.is_transient() { "closure" } else { definition.task.as_str() }
                    .to_owned();
        }
        let mut job = CheckedJob {
            id,
            has_chosen_id,
            job_store,
            replace_existing: self.replace_existing,
            is_resumed: self.is_resumed,
            first_run: RunAt::Trigger,
            definition: Arc::new(definition),
            registration,
            trigger,
        };
        job.set_first_run(self.first_run);
        Ok(job)
    }
}

impl fmt::Debug for NewJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewJob")
            .field("id", &self.id)
            .field("job_store", &self.job_store)
            .field("action", &self.action)
            .field("change", &self.change)
            .finish_non_exhaustive()
    }
}

/// A validated job description.
#[derive(Clone, Debug)]
pub(crate) struct CheckedJob {
    /// The id, unique in the store.
    pub id: JobId,
    /// Whether the user has chosen the id. Otherwise it is random.
    has_chosen_id: bool,
    /// The alias of the store.
    pub job_store: Alias,
    /// Whether an existing job of the same id is replaced.
    pub replace_existing: bool,
    /// Whether an existing job of the same id that is paused is resumed.
    pub is_resumed: bool,
    first_run: RunAt,
    /// The definition to store.
    pub definition: Arc<JobDefinition>,
    /// The task to register.
    pub registration: TaskRegistration,
    /// The trigger.
    pub trigger: Arc<dyn Trigger>,
}

impl fmt::Display for CheckedJob {
    /// Formats the job as `"id"`, or as its name if the id is random.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.chosen_id() {
            Some(id) => write!(f, "{id:?}"),
            None => f.write_str(&self.definition.name),
        }
    }
}

impl CheckedJob {
    /// When the job runs for the first time.
    pub(crate) fn first_run(&self) -> RunAt {
        self.first_run
    }

    pub(crate) fn set_first_run(&mut self, first_run: RunAt) {
        self.first_run = first_run;
        let at = match first_run {
            RunAt::Instant(instant) => Some(instant),
            RunAt::Trigger | RunAt::Immediately | RunAt::Paused => None,
        };
        if self.definition.first_run != at {
            Arc::make_mut(&mut self.definition).first_run = at;
        }
    }

    /// The id if the user knows it, for errors.
    pub(crate) fn chosen_id(&self) -> Option<&JobId> {
        self.has_chosen_id.then_some(&self.id)
    }

    /// The job's id and store.
    pub(crate) fn reference(&self) -> JobRef {
        JobRef::new(self.job_store.clone(), self.id.clone())
    }
}
