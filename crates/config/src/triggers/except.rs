//! Except triggers: another trigger, and the days on which it does not fire.

use punctual_core::IntoTrigger;
use punctual_triggers::{Calendar, ExceptExt};

use super::common::{CommonFields, apply};
use super::nested;
use crate::configured_trigger::ConfiguredTrigger;
use crate::plugins::{PluginError, Plugins};
use crate::section::Section;

pub(super) fn read(
    section: &mut Section,
    plugins: &Plugins,
) -> Result<ConfiguredTrigger, PluginError> {
    let Some(inner) = section.take_value("of") else {
        return Err(Box::new(
            section.missing("of", "it is the trigger that days are excluded from"),
        ));
    };
    let inner = nested(&section.key_of("of"), inner, plugins)?;
    let mut calendar = Calendar::new();
    if let Some(weekdays) = section.take::<String>("weekdays")? {
        calendar = calendar.weekdays(weekdays);
    }
    for date in section.take::<Vec<String>>("dates")?.unwrap_or_default() {
        calendar = match date.split_once("..") {
            Some((first, last)) => calendar.dates(first.trim(), last.trim()),
            None => calendar.date(date),
        };
    }
    let next_business_day = section.take("next_business_day")?.unwrap_or(false);
    let fields = CommonFields::read(section)?.with_limits(section)?;
    Ok(ConfiguredTrigger::new(move |defaults| {
        let mut builder = inner.clone().except(calendar.clone());
        if next_business_day {
            builder = builder.next_business_day();
        }
        apply!(builder, fields => timezone start_date end_date jitter max_runs)
            .into_trigger(defaults)
    }))
}
