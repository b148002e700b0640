//! What to change of a job.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Coalesce, JobDefinition, JobError, JobOptions, Recovery};
use crate::alias::Alias;
use crate::codec::{Codec, Encoded};
use crate::task::{Action, IntoAction, TaskRegistration};
use crate::trigger::{IntoTrigger, Trigger, TriggerDefaults, TriggerError};

type MakeTrigger =
    Box<dyn FnOnce(&TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError> + Send>;

/// Changes to a job; what is not named stays as it is. All are checked before any takes effect.
///
/// ```
/// use std::time::Duration;
/// use punctual_core::JobChange;
///
/// let change = JobChange::new().name("Nightly report").misfire_grace_time(Duration::from_secs(60));
/// ```
#[derive(Default)]
#[must_use = "a change does nothing until it is given to a scheduler"]
pub struct JobChange {
    action: Option<Action>,
    trigger: Option<MakeTrigger>,
    name: Option<String>,
    executor: Option<Result<Alias, crate::error::NameError>>,
    misfire_grace_time: Option<Option<Duration>>,
    coalesce: Option<Coalesce>,
    max_instances: Option<u32>,
    recovery: Option<Recovery>,
}

impl JobChange {
    /// No change.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the job does: a call of a task, or a closure.
    pub fn call<M>(mut self, call: impl IntoAction<M>) -> Self {
        self.action = Some(call.into_action());
        self
    }

    /// When it runs. Unlike `reschedule_job`, this leaves the next run time as it is.
    pub fn trigger(mut self, trigger: impl IntoTrigger + Send + 'static) -> Self {
        self.trigger = Some(Box::new(move |defaults| trigger.into_trigger(defaults)));
        self
    }

    /// A name for people; need not be unique.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The alias of the executor that runs it.
    pub fn executor(mut self, alias: impl AsRef<str>) -> Self {
        self.executor = Some(Alias::new(alias));
        self
    }

    /// How late a run may start; `None`: however late.
    pub fn misfire_grace_time(mut self, grace: impl Into<Option<Duration>>) -> Self {
        self.misfire_grace_time = Some(grace.into());
        self
    }

    /// What becomes of several due run times.
    pub fn coalesce(mut self, coalesce: Coalesce) -> Self {
        self.coalesce = Some(coalesce);
        self
    }

    /// How many runs may be under way at the same time.
    pub fn max_instances(mut self, max_instances: u32) -> Self {
        self.max_instances = Some(max_instances);
        self
    }

    /// What becomes of runs whose process dies.
    pub fn recovery(mut self, recovery: Recovery) -> Self {
        self.recovery = Some(recovery);
        self
    }

    /// Whether the change names a trigger.
    #[must_use]
    pub fn has_trigger(&self) -> bool {
        self.trigger.is_some()
    }

    /// Checks what can be checked without the job; for schedulers.
    ///
    /// # Errors
    ///
    /// For the first change that is not valid.
    pub fn check(
        self,
        defaults: &TriggerDefaults,
        codec: Codec,
    ) -> Result<CheckedChange, JobError> {
        let call = self.action.map(|action| {
            let registration = action.registration?;
            let args = (action.encode)(codec)?;
            Ok::<_, JobError>((registration, args))
        });
        Ok(CheckedChange {
            call: call.transpose()?,
            trigger: self.trigger.map(|make| make(defaults)).transpose()?,
            name: self.name,
            executor: self.executor.transpose()?,
            misfire_grace_time: self.misfire_grace_time,
            coalesce: self.coalesce,
            max_instances: self.max_instances,
            recovery: self.recovery,
        })
    }
}

/// A [`JobChange`] that can be made of any definition: of a newer one too, when somebody else has changed the
/// job in between.
#[derive(Clone, Debug)]
pub struct CheckedChange {
    call: Option<(TaskRegistration, Encoded)>,
    trigger: Option<Arc<dyn Trigger>>,
    name: Option<String>,
    executor: Option<Alias>,
    misfire_grace_time: Option<Option<Duration>>,
    coalesce: Option<Coalesce>,
    max_instances: Option<u32>,
    recovery: Option<Recovery>,
}

impl CheckedChange {
    /// The task to make known, if the call is changed.
    #[must_use]
    pub fn registration(&self) -> Option<&TaskRegistration> {
        self.call.as_ref().map(|(registration, _)| registration)
    }

    /// The new trigger, if it is changed.
    #[must_use]
    pub fn trigger(&self) -> Option<&Arc<dyn Trigger>> {
        self.trigger.as_ref()
    }

    /// The changed definition.
    ///
    /// # Errors
    ///
    /// If its options can't be.
    pub fn apply(&self, base: JobDefinition) -> Result<JobDefinition, JobError> {
        let mut definition = base;
        if let Some((registration, args)) = &self.call {
            definition.task = registration.name().clone();
            definition.args = args.clone();
        }
        if let Some(trigger) = &self.trigger {
            definition.trigger = trigger.spec();
        }
        if let Some(name) = &self.name {
            definition.name.clone_from(name);
        }
        if let Some(executor) = &self.executor {
            definition.executor = executor.clone();
        }
        let old = definition.options;
        definition.options = JobOptions {
            misfire_grace_time: self.misfire_grace_time.unwrap_or(old.misfire_grace_time),
            coalesce: self.coalesce.unwrap_or(old.coalesce),
            max_instances: self.max_instances.unwrap_or(old.max_instances),
            recovery: self.recovery.unwrap_or(old.recovery),
        };
        definition.options.check()?;
        Ok(definition)
    }
}

impl fmt::Debug for JobChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobChange")
            .field("action", &self.action)
            .field("name", &self.name)
            .field("executor", &self.executor)
            .finish_non_exhaustive()
    }
}
