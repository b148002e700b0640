//! The cases of the oracle data. Triggers are described by keyword arguments.

use std::sync::Arc;

use punctual_core::{IntoTrigger, Timestamp, Trigger, TriggerDefaults, TriggerError, Zone};
use punctual_triggers::{
    AndTrigger, CalendarIntervalTrigger, CronTrigger, CronTriggerBuilder, DateTrigger, Fold, Gap,
    IntervalAmount, IntervalTrigger, OrTrigger,
};
use serde::Deserialize;

/// A case of any file.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) trigger: serde_json::Value,
    pub(crate) now: Option<String>,
    #[serde(default)]
    pub(crate) late_by_s: f64,
    fires: Option<Vec<String>>,
    end: Option<bool>,
    expect: Option<Vec<String>>,
    expect_end: Option<bool>,
    #[serde(default)]
    pub(crate) expect_error: bool,
    #[serde(default)]
    pub(crate) undecided: bool,
    pub(crate) gap: Option<Gap>,
    pub(crate) fold: Option<Fold>,
    #[serde(rename = "str")]
    pub(crate) text: Option<String>,
}

impl Case {
    /// Returns the expected fire times, and whether there is no further one.
    pub(crate) fn expected(&self) -> Option<(&[String], bool)> {
        let fires = self.expect.as_deref().or(self.fires.as_deref())?;
        Some((fires, self.expect_end.or(self.end)?))
    }

    /// Returns whether the trigger is an interval of length zero, which must be an error.
    pub(crate) fn is_zero_interval(&self) -> bool {
        let units = ["weeks", "days", "hours", "minutes", "seconds"];
        let is_zero = |unit| self.trigger.get(unit).is_none_or(|value| value == 0);
        self.trigger["type"] == "interval" && units.into_iter().all(is_zero)
    }

    /// Builds the trigger.
    pub(crate) fn build(&self) -> Result<Arc<dyn Trigger>, String> {
        let described: Described =
            serde_json::from_value(self.trigger.clone()).map_err(|error| error.to_string())?;
        let policy = Policy { gap: self.gap, fold: self.fold };
        described.build(policy).map_err(|error| error.to_string())
    }
}

#[derive(Clone, Copy)]
struct Policy {
    gap: Option<Gap>,
    fold: Option<Fold>,
}

/// The keyword arguments. Unknown arguments and wrong types are errors.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Described {
    Cron {
        year: Option<Field>,
        month: Option<Field>,
        day: Option<Field>,
        week: Option<Field>,
        day_of_week: Option<Field>,
        hour: Option<Field>,
        minute: Option<Field>,
        second: Option<Field>,
        start_date: Option<String>,
        end_date: Option<String>,
        timezone: Option<String>,
    },
    Crontab {
        expr: String,
        timezone: Option<String>,
        dialect: Option<Dialect>,
    },
    Interval {
        weeks: Option<Number>,
        days: Option<Number>,
        hours: Option<Number>,
        minutes: Option<Number>,
        seconds: Option<Number>,
        start_date: Option<String>,
        end_date: Option<String>,
        timezone: Option<String>,
    },
    Date {
        run_date: String,
        timezone: Option<String>,
    },
    CalendarInterval {
        #[serde(default)]
        years: u32,
        #[serde(default)]
        months: u32,
        #[serde(default)]
        weeks: u32,
        #[serde(default)]
        days: u32,
        #[serde(default)]
        hour: u32,
        #[serde(default)]
        minute: u32,
        #[serde(default)]
        second: u32,
        start_date: Option<String>,
        end_date: Option<String>,
        timezone: Option<String>,
    },
    And {
        triggers: Vec<Described>,
    },
    Or {
        triggers: Vec<Described>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Dialect {
    Standard,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Field {
    Text(String),
    Number(serde_json::Number),
}

impl Field {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Number {
    Whole(i64),
    Fraction(f64),
}

impl IntervalAmount for Number {
    fn micros(self, unit: i64) -> Option<i64> {
        match self {
            Self::Whole(number) => number.micros(unit),
            Self::Fraction(number) => number.micros(unit),
        }
    }
}

/// Calls the setters of a builder whose values are `Some`.
macro_rules! set {
    ($builder:ident: $($setter:ident),*) => {
        $(if let Some(value) = $setter {
            $builder = $builder.$setter(value);
        })*
    };
}

impl Described {
    fn build(self, policy: Policy) -> Result<Arc<dyn Trigger>, TriggerError> {
        match self {
            Self::Cron {
                year,
                month,
                day,
                week,
                day_of_week,
                hour,
                minute,
                second,
                start_date,
                end_date,
                timezone,
            } => {
                let mut cron = CronTrigger::builder();
                macro_rules! set_fields {
                    ($($field:ident),*) => {
                        $(if let Some(value) = $field {
                            cron = cron.$field(value.text());
                        })*
                    };
                }
                set_fields!(year, month, day, week, day_of_week, hour, minute, second);
                set!(cron: start_date, end_date, timezone);
                built(with_policy(cron, policy))
            }
            Self::Crontab { expr, timezone, dialect } => {
                let mut cron = match dialect {
                    Some(Dialect::Standard) => CronTrigger::from_crontab(expr),
                    None => CronTrigger::from_apscheduler_crontab(&expr),
                };
                set!(cron: timezone);
                built(with_policy(cron, policy))
            }
            Self::Interval {
                weeks,
                days,
                hours,
                minutes,
                seconds,
                start_date,
                end_date,
                timezone,
            } => {
                let mut interval = IntervalTrigger::seconds(0);
                set!(interval: weeks, days, hours, minutes, seconds, start_date, end_date, timezone);
                built(interval)
            }
            Self::Date { run_date, timezone } => {
                let mut date = DateTrigger::at(run_date);
                set!(date: timezone);
                built(date)
            }
            Self::CalendarInterval {
                years,
                months,
                weeks,
                days,
                hour,
                minute,
                second,
                start_date,
                end_date,
                timezone,
            } => {
                let mut calendar = CalendarIntervalTrigger::years(years)
                    .months(months)
                    .weeks(weeks)
                    .days(days)
                    .hour(hour)
                    .minute(minute)
                    .second(second);
                set!(calendar: start_date, end_date, timezone);
                built(calendar)
            }
            Self::And { triggers } => {
                let mut triggers = triggers.into_iter().map(|trigger| trigger.build(policy));
                let first = triggers.next().ok_or_else(empty)??;
                built(triggers.try_fold(AndTrigger::of(first), |and, next| {
                    Ok::<_, TriggerError>(and.and(next?))
                })?)
            }
            Self::Or { triggers } => {
                let mut triggers = triggers.into_iter().map(|trigger| trigger.build(policy));
                let first = triggers.next().ok_or_else(empty)??;
                built(triggers.try_fold(OrTrigger::of(first), |or, next| {
                    Ok::<_, TriggerError>(or.or(next?))
                })?)
            }
        }
    }
}

fn empty() -> TriggerError {
    TriggerError::invalid_text("[]", "no triggers")
}

fn with_policy(mut cron: CronTriggerBuilder, Policy { gap, fold }: Policy) -> CronTriggerBuilder {
    set!(cron: gap, fold);
    cron
}

fn built(builder: impl IntoTrigger) -> Result<Arc<dyn Trigger>, TriggerError> {
    builder.into_trigger(&TriggerDefaults::new(Zone::utc(), Timestamp::UNIX_EPOCH))
}
