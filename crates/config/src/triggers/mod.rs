//! The triggers of this repository, and the section of a trigger.

mod calendar_interval;
mod combined;
mod common;
mod cron;
mod date;
mod except;
mod interval;

use serde_json::Value;

use crate::configured_trigger::ConfiguredTrigger;
use crate::error::ConfigError;
use crate::plugins::{PluginError, Plugins};
use crate::section::Section;
use crate::value::list_of;

type Create = fn(&mut Section, &Plugins) -> Result<ConfiguredTrigger, PluginError>;

/// The triggers by name.
pub(crate) const ALL: &[(&str, Create)] = &[
    ("cron", |section, _| cron::read(section)),
    ("interval", |section, _| interval::read(section)),
    ("date", |section, _| date::read(section)),
    ("calendarinterval", |section, _| calendar_interval::read(section)),
    ("and", combined::read_and),
    ("or", combined::read_or),
    ("except", except::read),
];

/// The triggers that are meant if a key is set and no trigger is named.
const IMPLIED: &[(&str, &str)] =
    &[("cron", "cron"), ("quartz", "cron"), ("every", "interval"), ("run_date", "date")];

/// Reads the trigger of a job: the name of a trigger, whose fields are in the same section, a line of a crontab, or a
/// table. Without `trigger`, it is implied by the fields.
pub(crate) fn read(
    section: &mut Section,
    plugins: &Plugins,
) -> Result<ConfiguredTrigger, ConfigError> {
    let key = section.key_of("trigger");
    match section.take_value("trigger") {
        Some(Value::String(name)) => named(&key, &name, section, plugins),
        Some(value @ Value::Object(_)) => nested(&key, value, plugins),
        Some(value) => Err(section.invalid(
            "trigger",
            &value,
            "the name of a trigger, a line of a crontab, or a table",
        )),
        None => implied(section, plugins),
    }
}

/// Reads a trigger inside of another one.
fn nested(key: &str, value: Value, plugins: &Plugins) -> Result<ConfiguredTrigger, ConfigError> {
    match value {
        Value::String(line) => Ok(ConfiguredTrigger::of(line)),
        Value::Object(values) => {
            let mut section = Section::new(key, values);
            let trigger = match section.take::<String>("type")? {
                Some(name) => named(&section.key_of("type"), &name, &mut section, plugins)?,
                None => read(&mut section, plugins)?,
            };
            section.finish()?;
            Ok(trigger)
        }
        _ => Err(ConfigError::InvalidValue {
            key: key.to_owned(),
            value: None,
            expected: "a table, or a line of a crontab".to_owned(),
        }),
    }
}

/// Reads the triggers in a list.
fn members(
    section: &mut Section,
    plugins: &Plugins,
) -> Result<Vec<ConfiguredTrigger>, ConfigError> {
    let key = section.key_of("triggers");
    let Some(value) = section.take_value("triggers") else {
        return Err(section.missing("triggers", "it contains the triggers that are combined"));
    };
    let Some(values) = list_of(&value) else {
        return Err(section.invalid("triggers", &value, "a list of triggers"));
    };
    let members = values.into_iter().enumerate();
    members.map(|(index, value)| nested(&format!("{key}.{index}"), value, plugins)).collect()
}

fn named(
    key: &str,
    name: &str,
    section: &mut Section,
    plugins: &Plugins,
) -> Result<ConfiguredTrigger, ConfigError> {
    if name.trim_start().starts_with('@') || name.trim().contains(char::is_whitespace) {
        return Ok(ConfiguredTrigger::of(name.to_owned()));
    }
    plugins.create_trigger(key.to_owned(), name, section)
}

fn implied(section: &mut Section, plugins: &Plugins) -> Result<ConfiguredTrigger, ConfigError> {
    let found: Vec<_> = IMPLIED.iter().filter(|(key, _)| section.contains(key)).collect();
    match found.as_slice() {
        [] => {
            let keys: Vec<_> = IMPLIED.iter().map(|(key, _)| *key).collect();
            let missing = || section.absent("trigger", "it determines when the job runs");
            Err(section.misspelled(&keys).unwrap_or_else(missing))
        }
        [(key, name)] => plugins.create_trigger(section.key_of(key), name, section),
        [(key, _), (other, _), ..] => Err(section.conflict(key, other)),
    }
}
