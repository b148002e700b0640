//! Partial updates of jobs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    Action, Alias, Coalesce, Codec, Encoded, IntoAction, IntoTrigger, JobDefinition, JobError,
    NameError, Overlap, Recovery, RetryPolicy, Tag, Tags, TaskRegistration, Trigger,
    TriggerDefaults, TriggerSpec,
};

use super::TriggerFactory;

/// A partial update of a job. Values that are not set remain unchanged. All values are validated before any of them
/// is applied.
///
/// ```
/// use std::time::Duration;
/// use punctual_scheduler::JobChange;
///
/// let change = JobChange::new().name("Nightly report").misfire_grace_time(Duration::from_secs(60));
/// ```
#[derive(Default)]
#[must_use = "a change does nothing until it is given to a scheduler"]
pub struct JobChange {
    action: Option<Action>,
    trigger: Option<TriggerFactory>,
    name: Option<String>,
    executor: Option<Result<Alias, NameError>>,
    misfire_grace_time: Option<Option<Duration>>,
    coalesce: Option<Coalesce>,
    max_instances: Option<u32>,
    recovery: Option<Recovery>,
    /// Values that few jobs set, apart: a description is moved by each method of its builder.
    rare: Option<Box<RareChange<Result<Tag, NameError>>>>,
}

/// The values that few jobs set.
#[derive(Clone, Debug)]
struct RareChange<T> {
    overlap: Option<Option<Overlap>>,
    max_catch_up_runs: Option<Option<u32>>,
    max_catch_up_age: Option<Option<Duration>>,
    timeout: Option<Option<Duration>>,
    retry: Option<Option<RetryPolicy>>,
    tags: Vec<TagEdit<T>>,
}

impl<T> Default for RareChange<T> {
    fn default() -> Self {
        Self {
            overlap: None,
            max_catch_up_runs: None,
            max_catch_up_age: None,
            timeout: None,
            retry: None,
            tags: Vec::new(),
        }
    }
}

impl RareChange<Result<Tag, NameError>> {
    fn check(self) -> Result<RareChange<Tag>, NameError> {
        let Self { overlap, max_catch_up_runs, max_catch_up_age, timeout, retry, tags } = self;
        let tags = tags.into_iter().map(TagEdit::check).collect::<Result<_, _>>()?;
        Ok(RareChange { overlap, max_catch_up_runs, max_catch_up_age, timeout, retry, tags })
    }
}

impl RareChange<Tag> {
    fn apply(&self, definition: &mut JobDefinition) -> Result<(), JobError> {
        let options = &mut definition.options;
        options.overlap = self.overlap.unwrap_or(options.overlap);
        options.max_catch_up_runs = self.max_catch_up_runs.unwrap_or(options.max_catch_up_runs);
        options.max_catch_up_age = self.max_catch_up_age.unwrap_or(options.max_catch_up_age);
        options.timeout = self.timeout.unwrap_or(options.timeout);
        if let Some(policy) = &self.retry {
            options.retry = policy.clone().map(Box::new);
        }
        if !self.tags.is_empty() {
            let mut tags: Vec<Tag> = definition.tags.iter().cloned().collect();
            for edit in &self.tags {
                match edit {
                    TagEdit::Clear => tags.clear(),
                    TagEdit::Add(tag) => tags.push(tag.clone()),
                    TagEdit::Remove(tag) => tags.retain(|own| own != tag),
                }
            }
            definition.tags = Tags::new(tags)?;
        }
        Ok(())
    }
}

/// A change of the tags.
#[derive(Clone, Debug)]
enum TagEdit<T> {
    Clear,
    Add(T),
    Remove(T),
}

impl TagEdit<Result<Tag, NameError>> {
    fn check(self) -> Result<TagEdit<Tag>, NameError> {
        Ok(match self {
            Self::Clear => TagEdit::Clear,
            Self::Add(tag) => TagEdit::Add(tag?),
            Self::Remove(tag) => TagEdit::Remove(tag?),
        })
    }
}

impl JobChange {
    /// Creates an empty update.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the call of a task, or the closure, that the job runs.
    pub fn call<M>(mut self, call: impl IntoAction<M>) -> Self {
        self.action = Some(call.into_action());
        self
    }

    /// Sets the trigger. In contrast to `reschedule_job`, the next run time does not change.
    pub fn trigger(mut self, trigger: impl IntoTrigger + Send + 'static) -> Self {
        self.trigger = Some(Box::new(move |defaults| trigger.into_trigger(defaults)));
        self
    }

    /// Sets the display name, which need not be unique.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the alias of the executor that runs the job.
    pub fn executor(mut self, alias: impl AsRef<str>) -> Self {
        self.executor = Some(Alias::new(alias));
        self
    }

    /// Sets the maximum delay with which a run may start. `None` means no limit.
    pub fn misfire_grace_time(mut self, grace: impl Into<Option<Duration>>) -> Self {
        self.misfire_grace_time = Some(grace.into());
        self
    }

    /// Sets how several due run times are handled.
    pub fn coalesce(mut self, coalesce: Coalesce) -> Self {
        self.coalesce = Some(coalesce);
        self
    }

    /// Sets the maximum number of concurrent runs.
    pub fn max_instances(mut self, max_instances: u32) -> Self {
        self.max_instances = Some(max_instances);
        self
    }

    /// Sets how runs of terminated processes are handled.
    pub fn recovery(mut self, recovery: Recovery) -> Self {
        self.recovery = Some(recovery);
        self
    }

    /// Sets what happens to fire times while `max_instances` runs are in progress. `None` means the default.
    pub fn overlap(mut self, overlap: impl Into<Option<Overlap>>) -> Self {
        self.rare().overlap = Some(overlap.into());
        self
    }

    /// Sets the maximum number of due fire times that are caught up with [`Coalesce::All`]. `None` means no limit.
    pub fn max_catch_up_runs(mut self, runs: impl Into<Option<u32>>) -> Self {
        self.rare().max_catch_up_runs = Some(runs.into());
        self
    }

    /// Sets the maximum age of the fire times that are caught up. `None` means no limit.
    pub fn max_catch_up_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.rare().max_catch_up_age = Some(age.into());
        self
    }

    /// Sets the maximum duration of a run. `None` means no limit. Runs in progress keep theirs.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.rare().timeout = Some(timeout.into());
        self
    }

    /// Sets when failed runs are retried. `None` means that they are not. Retries that are stored already, and runs in
    /// progress, keep their policy.
    pub fn retry(mut self, policy: impl Into<Option<RetryPolicy>>) -> Self {
        self.rare().retry = Some(policy.into());
        self
    }

    /// Replaces all tags, by at most [`Tags::MAX`].
    pub fn tags<T: AsRef<str>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        let own = &mut self.rare().tags;
        own.push(TagEdit::Clear);
        own.extend(tags.into_iter().map(|tag| TagEdit::Add(Tag::new(tag))));
        self
    }

    /// Adds a tag, if the job does not have it.
    pub fn add_tag(mut self, tag: impl AsRef<str>) -> Self {
        self.rare().tags.push(TagEdit::Add(Tag::new(tag)));
        self
    }

    /// Removes a tag, if the job has it.
    pub fn remove_tag(mut self, tag: impl AsRef<str>) -> Self {
        self.rare().tags.push(TagEdit::Remove(Tag::new(tag)));
        self
    }

    fn rare(&mut self) -> &mut RareChange<Result<Tag, NameError>> {
        self.rare.get_or_insert_default()
    }

    /// Validates the update as far as possible without the job. Returns [`JobError`] for the first invalid value.
    pub(crate) fn check(
        self,
        defaults: &TriggerDefaults,
        codec: Codec,
    ) -> Result<CheckedChange, JobError> {
        let call = self.action.map(|action| {
            let registration = action.registration()?;
            let args = action.encode_args(codec)?;
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
            rare: self.rare.map(|rare| rare.check().map(Box::new)).transpose()?,
        })
    }
}

/// A validated [`JobChange`]. It can be applied to any revision of the definition, so that it can be applied again
/// after a conflict.
#[derive(Clone, Debug)]
pub(crate) struct CheckedChange {
    call: Option<(TaskRegistration, Encoded)>,
    trigger: Option<Arc<dyn Trigger>>,
    name: Option<String>,
    executor: Option<Alias>,
    misfire_grace_time: Option<Option<Duration>>,
    coalesce: Option<Coalesce>,
    max_instances: Option<u32>,
    recovery: Option<Recovery>,
    rare: Option<Box<RareChange<Tag>>>,
}

impl CheckedChange {
    /// The task to register, if the call is changed.
    pub(crate) fn registration(&self) -> Option<&TaskRegistration> {
        self.call.as_ref().map(|(registration, _)| registration)
    }

    /// The alias of the new executor, if it is changed.
    pub(crate) fn executor(&self) -> Option<&Alias> {
        self.executor.as_ref()
    }

    /// The new trigger, if it is changed.
    pub(crate) fn trigger(&self) -> Option<&Arc<dyn Trigger>> {
        self.trigger.as_ref()
    }

    /// Updates a definition. Returns [`JobError::Option`] if the resulting options are invalid.
    pub(crate) fn apply(&self, definition: &mut JobDefinition) -> Result<(), JobError> {
        if let Some((registration, args)) = &self.call {
            definition.task = registration.name().clone();
            definition.args = args.clone();
        }
        if let Some(trigger) = &self.trigger {
            definition.trigger = TriggerSpec::of(Arc::clone(trigger));
        }
        if let Some(name) = &self.name {
            definition.name.clone_from(name);
        }
        if let Some(executor) = &self.executor {
            definition.executor = executor.clone();
        }
        let options = &mut definition.options;
        options.misfire_grace_time = self.misfire_grace_time.unwrap_or(options.misfire_grace_time);
        options.coalesce = self.coalesce.unwrap_or(options.coalesce);
        options.max_instances = self.max_instances.unwrap_or(options.max_instances);
        options.recovery = self.recovery.unwrap_or(options.recovery);
        if let Some(rare) = &self.rare {
            rare.apply(definition)?;
        }
        definition.options.check()
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
