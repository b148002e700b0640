//! Jobs as data.

use std::collections::HashMap;

use punctual_core::{
    Action, Alias, Clock, CodecError, IntoTrigger, JobId, SystemClock, Tag, Tags, TaskRegistration,
    TriggerDefaults, Zone, error_chain,
};
use punctual_scheduler::NewJob;
use punctual_triggers::trigger_defaults;
use serde_json::{Map, Value};

use crate::error::ConfigError;
use crate::errors::Errors;
use crate::plugins::Plugins;
use crate::scheduler::read_job_options;
use crate::section::Section;
use crate::triggers;
use crate::value::list_of;

/// Takes all jobs: a table of them by id, or a list.
pub(crate) fn read_all(
    root: &mut Section,
    zone: Option<Zone>,
    plugins: &Plugins,
    tasks: &[TaskRegistration],
) -> Result<Vec<NewJob>, ConfigError> {
    let Some(value) = root.take_value("jobs") else { return Ok(Vec::new()) };
    // For the check only: the jobs get the zone of their scheduler.
    let defaults = trigger_defaults(zone.unwrap_or_else(Zone::utc), SystemClock.now());
    let reader = JobReader { plugins, tasks, defaults };
    let key = root.key_of("jobs");
    let (mut jobs, mut errors) = (Vec::new(), Errors::default());
    if let Value::Array(items) = value {
        let mut sections = HashMap::new();
        for (index, item) in items.into_iter().enumerate() {
            jobs.extend(errors.take(reader.read_item(&key, index, item, &mut sections)));
        }
    } else {
        for (id, item) in table(value, &key)? {
            let key = format!("{key}.{id}");
            let section = table(item, &key).map(|values| Section::new(key, values));
            jobs.extend(errors.take(section.and_then(|section| reader.read(section, id))));
        }
    }
    errors.finish(jobs)
}

fn table(value: Value, key: &str) -> Result<Map<String, Value>, ConfigError> {
    match value {
        Value::Object(values) => Ok(values),
        _ => Err(ConfigError::InvalidValue {
            key: key.to_owned(),
            value: None,
            expected: "a table".to_owned(),
        }),
    }
}

/// Reads the section of a job.
pub(crate) struct JobReader<'a> {
    pub(crate) plugins: &'a Plugins,
    pub(crate) tasks: &'a [TaskRegistration],
    /// For the check of triggers.
    pub(crate) defaults: TriggerDefaults,
}

impl JobReader<'_> {
    /// Reads a job of a list. `sections` contains the section of each id.
    fn read_item(
        &self,
        key: &str,
        index: usize,
        item: Value,
        sections: &mut HashMap<String, String>,
    ) -> Result<NewJob, ConfigError> {
        let key = format!("{key}.{index}");
        let mut section = Section::new(key.clone(), table(item, &key)?);
        let id: String = section.require("id", "it identifies the job when it is added again")?;
        if let Some(other) = sections.insert(id.clone(), key.clone()) {
            return Err(ConfigError::DuplicateJob { key, other, id });
        }
        self.read(section, id)
    }

    fn read(&self, mut section: Section, id: String) -> Result<NewJob, ConfigError> {
        let job = self.read_section(&mut section, id)?;
        section.finish()?;
        Ok(job)
    }

    pub(crate) fn read_section(
        &self,
        section: &mut Section,
        id: String,
    ) -> Result<NewJob, ConfigError> {
        if let Err(error) = JobId::new(&id) {
            return Err(ConfigError::rejected(section.key(), error));
        }
        let trigger = triggers::read(section, self.plugins)?;
        let checked = trigger.clone().into_trigger(&self.defaults);
        checked.map_err(|error| ConfigError::rejected(section.key(), error))?;
        let mut job = NewJob::builder(self.action(section)?)
            .id(id)
            .trigger(trigger)
            .replace_existing(section.take("replace_existing")?.unwrap_or(true));
        if let Some(name) = section.take::<String>("name")? {
            job = job.name(name);
        }
        for name in ["job_store", "executor"] {
            let Some(alias) = section.take::<String>(name)? else { continue };
            Alias::new(&alias)
                .map_err(|error| ConfigError::rejected(section.key_of(name), error))?;
            job = if name == "executor" { job.executor(alias) } else { job.job_store(alias) };
        }
        let options = read_job_options(section)?;
        options.options().check().map_err(|error| ConfigError::rejected(section.key(), error))?;
        job = options.apply(job);
        if let Some(tags) = section.take::<Vec<String>>("tags")? {
            let key = section.key_of("tags");
            let checked = tags.iter().map(Tag::new).collect::<Result<Vec<_>, _>>();
            let checked = checked.map_err(|error| ConfigError::rejected(key.clone(), error))?;
            Tags::new(checked).map_err(|error| ConfigError::rejected(key, error))?;
            job = job.tags(tags);
        }
        let immediately = section.take("run_immediately")? == Some(true);
        let paused = section.take("paused")?;
        if paused == Some(false) {
            job = job.resumed();
        }
        match (immediately, paused == Some(true)) {
            (true, true) => Err(section.conflict("run_immediately", "paused")),
            (true, false) => Ok(job.run_immediately().build()),
            (false, true) => Ok(job.paused().build()),
            (false, false) => Ok(job.build()),
        }
    }

    /// The call of the job's task, with its arguments.
    fn action(&self, section: &mut Section) -> Result<Action, ConfigError> {
        let name: String =
            section.require("task", "it is the name of the task that the job runs")?;
        let Some(task) = self.tasks.iter().find(|task| task.name().as_str() == name) else {
            let mut known: Vec<_> =
                self.tasks.iter().map(|task| task.name().as_str().to_owned()).collect();
            known.sort_unstable();
            known.dedup();
            return Err(ConfigError::unknown_name(section.key_of("task"), "task", &name, known));
        };
        let args = match section.take_value("args") {
            None => Value::Array(Vec::new()),
            Some(value @ Value::Null) => value,
            Some(value) => match list_of(&value) {
                Some(items) => items.into(),
                None => {
                    let expected = "a list with a value for each parameter of the task";
                    return Err(section.invalid_secret("args", expected));
                }
            },
        };
        task.call(&args).map_err(|error| ConfigError::Arguments {
            key: section.key_of("args"),
            task: name,
            reason: without_values(&error),
        })
    }
}

/// The text of a decoder's error, without the text that it found: it may be secret.
fn without_values(error: &CodecError) -> String {
    let text = match error {
        CodecError::Decode(source) => error_chain(&**source).to_string(),
        error => error_chain(error).to_string(),
    };
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let text = match (text.find('"'), text.rfind('"')) {
        (Some(first), Some(last)) if first < last => without(text, first, last),
        _ => text.to_owned(),
    };
    // Numbers and variants are quoted in another way, as are the names of fields, which are no values.
    let first = text.find('`').filter(|&first| !text[..first].ends_with(" field "));
    let last = first.and_then(|first| {
        let rest = &text[first + 1..];
        rest.find("`, expected").or_else(|| rest.find('`')).map(|at| first + 1 + at)
    });
    match (first, last) {
        (Some(first), Some(last)) => without(&text, first, last),
        _ => text,
    }
}

/// The text without the bytes from `first` to `last`, and without the space before them.
fn without(text: &str, first: usize, last: usize) -> String {
    format!("{}{}", text[..first].trim_end(), &text[last + 1..])
}
