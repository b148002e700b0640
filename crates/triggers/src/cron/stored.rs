//! The stored form of the cron trigger.

use std::collections::BTreeMap;
use std::fmt;

use punctual_core::{TriggerError, Zone};
use punctual_cron_syntax::{Expression, Expressions, Field, parse_crontab, parse_quartz};
use serde::{Deserialize, Serialize};

use super::cron_times::CronTimes;
use super::syntax::trigger_error;
use crate::builder::StoredSettings;
use crate::civil::{Fold, Gap};

/// The stored form of a [`CronTrigger`](super::CronTrigger), used to construct and to restore it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredCron {
    #[serde(flatten)]
    pub(super) times: CronSource,
    pub(super) timezone: Zone,
    /// `None` means the default, which depends on [`ParsedCron::has_time_wildcard`]; the same applies to `fold`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) gap: Option<Gap>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fold: Option<Fold>,
    #[serde(flatten)]
    pub(super) settings: StoredSettings,
}

/// The source text of a cron schedule in one of three dialects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CronSource {
    /// The given fields, with APScheduler's expressions.
    Fields(BTreeMap<Field, String>),
    /// A line of a standard crontab.
    Crontab(String),
    /// An expression of the Quartz scheduler.
    Quartz(String),
}

/// A parsed cron schedule.
pub(super) struct ParsedCron {
    pub(super) local_times: CronTimes,
    /// Whether hour, minute or second contains a wildcard. This determines the default gap and fold policies.
    pub(super) has_time_wildcard: bool,
}

impl CronSource {
    /// Parses all expressions and normalizes the text.
    pub(super) fn parse(&mut self) -> Result<ParsedCron, TriggerError> {
        let (expressions, day_fields_or) = match self {
            Self::Fields(fields) => (expressions_of(fields)?, false),
            Self::Crontab(line) => parse_crontab(line).map_err(trigger_error)?,
            Self::Quartz(text) => (parse_quartz(text).map_err(trigger_error)?, false),
        };
        let has_wildcard = |field: Field| expressions[field as usize].has_wildcard;
        Ok(ParsedCron {
            local_times: CronTimes::new(&expressions, day_fields_or),
            has_time_wildcard: has_wildcard(Field::Hour)
                || has_wildcard(Field::Minute)
                || has_wildcard(Field::Second),
        })
    }
}

/// Parses and normalizes the given fields and adds the defaults of the others: a wildcard if no field is given or the
/// field is more significant than a given one, and [`Expression::default_for_unset`] otherwise.
fn expressions_of(given: &mut BTreeMap<Field, String>) -> Result<Expressions, TriggerError> {
    let least_significant = given.keys().next_back().copied();
    let mut normal = String::new();
    let mut parse = |field: Field| match given.get_mut(&field) {
        Some(text) => {
            normal.clear();
            let expression = Expression::parse(field, text, &mut normal).map_err(trigger_error)?;
            if *text != normal {
                text.clone_from(&normal);
            }
            Ok::<_, TriggerError>(expression)
        }
        None if least_significant.is_none_or(|least_significant| field < least_significant) => {
            Ok(Expression::wildcard(field))
        }
        None => Ok(Expression::default_for_unset(field)),
    };
    Ok([
        parse(Field::Year)?,
        parse(Field::Month)?,
        parse(Field::Day)?,
        parse(Field::Week)?,
        parse(Field::DayOfWeek)?,
        parse(Field::Hour)?,
        parse(Field::Minute)?,
        parse(Field::Second)?,
    ])
}

impl fmt::Display for CronSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fields(fields) => {
                f.write_str("cron[")?;
                for (index, (field, text)) in fields.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}{}='{text}'", field.name())?;
                }
                f.write_str("]")
            }
            Self::Crontab(line) => write!(f, "crontab[{line}]"),
            Self::Quartz(text) => write!(f, "quartz[{text}]"),
        }
    }
}
