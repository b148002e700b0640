//! Interval triggers.

use std::time::Duration;

use punctual_triggers::IntervalTrigger;

use super::common::{CommonFields, apply};
use crate::configured_trigger::ConfiguredTrigger;
use crate::plugins::PluginError;
use crate::section::Section;

pub(super) fn read(section: &mut Section) -> Result<ConfiguredTrigger, PluginError> {
    let every: Option<Duration> = section.take("every")?;
    let mut builder = IntervalTrigger::every(every.unwrap_or_default());
    let mut is_set = every.is_some();
    macro_rules! units {
        ($($unit:ident)*) => {
            $(if let Some(amount) = section.take::<f64>(stringify!($unit))? {
                if every.is_some() {
                    return Err(Box::new(section.conflict("every", stringify!($unit))));
                }
                builder = builder.$unit(amount);
                is_set = true;
            })*
        };
    }
    units!(weeks days hours minutes seconds);
    if !is_set {
        let reason = "an interval needs a length: every, weeks, days, hours, minutes or seconds";
        return Err(Box::new(section.missing("every", reason)));
    }
    let fields = CommonFields::read(section)?.with_limits(section)?;
    Ok(ConfiguredTrigger::of(
        apply!(builder, fields => timezone start_date end_date jitter max_runs),
    ))
}
