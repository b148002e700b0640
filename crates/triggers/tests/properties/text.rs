//! The display text of a cron trigger can be parsed to an equal trigger.

use proptest::prelude::*;
use punctual_core::{Trigger, TriggerError, Zone};
use punctual_triggers::{CronTrigger, CronTriggerBuilder};

use super::cron::{Fields, Line};

fn built(builder: CronTriggerBuilder) -> Result<CronTrigger, TriggerError> {
    builder.timezone(Zone::utc()).build()
}

/// Parses a display text such as `cron[month='1-3', day='last fri']`.
fn read_fields(shown: &str) -> CronTriggerBuilder {
    let fields = shown.strip_prefix("cron[").and_then(|s| s.strip_suffix(']'));
    let mut builder = CronTrigger::builder();
    // The separator includes the closing quote. Expressions contain no quotes.
    for field in fields.unwrap().split_terminator("', ") {
        let (name, text) = field.trim_end_matches('\'').split_once("='").unwrap();
        builder = match name {
            "year" => builder.year(text),
            "month" => builder.month(text),
            "day" => builder.day(text),
            "week" => builder.week(text),
            "day_of_week" => builder.day_of_week(text),
            "hour" => builder.hour(text),
            "minute" => builder.minute(text),
            "second" => builder.second(text),
            _ => unreachable!("{name}"),
        };
    }
    builder
}

pub(crate) fn fields_read_back(fields: &Fields) -> Result<(), TestCaseError> {
    let trigger = built(fields.builder()).unwrap();
    let again = built(read_fields(&trigger.to_string())).unwrap();
    prop_assert_eq!(again.to_string(), trigger.to_string());
    prop_assert_eq!(again.spec(), trigger.spec());
    Ok(())
}

pub(crate) fn line_reads_back(line: &Line) -> Result<(), TestCaseError> {
    let trigger = built(line.builder()).unwrap();
    let shown = trigger.to_string();
    let text = shown.strip_prefix("crontab[").and_then(|s| s.strip_suffix(']'));
    let again = built(CronTrigger::from_crontab(text.unwrap())).unwrap();
    prop_assert_eq!(again.to_string(), trigger.to_string());
    prop_assert_eq!(again.spec(), trigger.spec());
    Ok(())
}
