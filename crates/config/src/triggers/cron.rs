//! Cron triggers: fields, or an expression of cron or Quartz.

use punctual_triggers::CronTrigger;

use super::common::{CommonFields, apply};
use crate::configured_trigger::ConfiguredTrigger;
use crate::plugins::PluginError;
use crate::section::Section;

pub(super) fn read(section: &mut Section) -> Result<ConfiguredTrigger, PluginError> {
    let cron: Option<String> = section.take("cron")?;
    let quartz: Option<String> = section.take("quartz")?;
    let mut builder = match (cron, quartz) {
        (None, None) => CronTrigger::builder(),
        (Some(line), None) => CronTrigger::from_crontab(line),
        (None, Some(expression)) => CronTrigger::from_quartz(expression),
        (Some(_), Some(_)) => {
            return Err(Box::new(section.conflict("cron", "quartz")));
        }
    };
    macro_rules! fields {
        ($($field:ident)*) => {
            $(if let Some(value) = section.take::<String>(stringify!($field))? {
                builder = builder.$field(value);
            })*
        };
    }
    fields!(year month day week day_of_week hour minute second);
    let fields = CommonFields::read(section)?.with_limits(section)?.with_dst(section)?;
    Ok(ConfiguredTrigger::of(
        apply!(builder, fields => timezone start_date end_date jitter max_runs gap fold),
    ))
}
