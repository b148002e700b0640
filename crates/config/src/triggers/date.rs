//! Date triggers.

use std::time::Duration;

use punctual_triggers::DateTrigger;

use super::common::{CommonFields, apply};
use crate::configured_trigger::ConfiguredTrigger;
use crate::plugins::PluginError;
use crate::section::Section;

pub(super) fn read(section: &mut Section) -> Result<ConfiguredTrigger, PluginError> {
    let run_date: Option<String> = section.take("run_date")?;
    let delay: Option<Duration> = section.take("delay")?;
    let builder = match (run_date, delay) {
        (Some(date), None) => DateTrigger::at(date),
        (None, Some(delay)) => DateTrigger::after(delay),
        (None, None) => {
            let reason = "it is the time at which the job runs; delay is one relative to the start";
            return Err(Box::new(section.missing("run_date", reason)));
        }
        (Some(_), Some(_)) => {
            return Err(Box::new(section.conflict("run_date", "delay")));
        }
    };
    let fields = CommonFields::read(section)?;
    Ok(ConfiguredTrigger::of(apply!(builder, fields => timezone jitter)))
}
