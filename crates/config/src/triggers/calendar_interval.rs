//! Calendar interval triggers.

use punctual_triggers::CalendarIntervalTrigger;

use super::common::{CommonFields, apply};
use crate::configured_trigger::ConfiguredTrigger;
use crate::plugins::PluginError;
use crate::section::Section;

pub(super) fn read(section: &mut Section) -> Result<ConfiguredTrigger, PluginError> {
    let mut builder = CalendarIntervalTrigger::days(0);
    macro_rules! numbers {
        ($($field:ident)*) => {
            $(if let Some(number) = section.take::<u32>(stringify!($field))? {
                builder = builder.$field(number);
            })*
        };
    }
    numbers!(years months weeks days hour minute second);
    let fields = CommonFields::read(section)?.with_limits(section)?.with_dst(section)?;
    Ok(ConfiguredTrigger::of(
        apply!(builder, fields => timezone start_date end_date jitter max_runs gap fold),
    ))
}
