//! Random cron triggers of both dialects, and the days and times of day that match them.

use chrono::{Datelike, NaiveDate};
use proptest::option::weighted;
use proptest::prelude::*;
use punctual_triggers::{CronTrigger, CronTriggerBuilder};

use super::day::Days;
use super::expression::{Expression, FROM_MONDAY, FROM_SUNDAY, MONTHS, domain};

/// APScheduler's eight fields, from the most to the least significant. `None` means not given.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    year: Option<Expression>,
    month: Option<Expression>,
    day: Option<Days>,
    week: Option<Expression>,
    day_of_week: Option<Expression>,
    hour: Option<Expression>,
    minute: Option<Expression>,
    second: Option<Expression>,
}

impl Fields {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let field = |domain, probability| weighted(probability, Expression::any(domain, true));
        (
            // Steps without an end extend to 9999, which is after all windows of these tests.
            field(domain(1970, 2110), 0.1),
            field(MONTHS, 0.3),
            weighted(0.4, Days::any()),
            field(domain(1, 53), 0.2),
            field(FROM_MONDAY, 0.3),
            field(domain(0, 23), 0.7),
            field(domain(0, 59), 0.5),
            field(domain(0, 59), 0.3),
        )
            .prop_map(|(year, month, day, week, day_of_week, hour, minute, second)| Self {
                year,
                month,
                day,
                week,
                day_of_week,
                hour,
                minute,
                second,
            })
    }

    pub(crate) fn builder(&self) -> CronTriggerBuilder {
        let mut builder = CronTrigger::builder();
        macro_rules! set {
            ($($field:ident),*) => {$(
                if let Some(expression) = &self.$field {
                    builder = builder.$field(expression.to_string());
                }
            )*};
        }
        set!(year, month, day, week, day_of_week, hour, minute, second);
        builder
    }

    fn given(&self) -> [bool; 8] {
        [
            self.year.is_some(),
            self.month.is_some(),
            self.day.is_some(),
            self.week.is_some(),
            self.day_of_week.is_some(),
            self.hour.is_some(),
            self.minute.is_some(),
            self.second.is_some(),
        ]
    }

    /// Returns whether the field with this index, if it is not given, defaults to a wildcard instead of its minimum.
    fn defaults_to_wildcard(&self, index: usize) -> bool {
        let given = self.given();
        given[index..].contains(&true) || !given.contains(&true)
    }

    pub(crate) fn has_time_wildcard(&self) -> bool {
        let times = [&self.hour, &self.minute, &self.second];
        times.iter().enumerate().any(|(index, field)| match field {
            Some(expression) => expression.has_wildcard(),
            None => self.defaults_to_wildcard(5 + index),
        })
    }

    pub(crate) fn has_day(&self, date: NaiveDate) -> bool {
        let is = |field: &Option<Expression>, index, value, least| match field {
            Some(expression) => expression.contains(value),
            None => self.defaults_to_wildcard(index) || value == least,
        };
        let free = |field: &Option<Expression>, value| {
            field.as_ref().is_none_or(|field| field.contains(value))
        };
        let day = match &self.day {
            Some(days) => days.contains(date),
            None => self.defaults_to_wildcard(2) || date.day() == 1,
        };
        day && free(&self.year, date.year() as u32)
            && is(&self.month, 1, date.month(), 1)
            && free(&self.week, date.iso_week().week())
            && free(&self.day_of_week, date.weekday().num_days_from_monday())
    }

    pub(crate) fn times(&self) -> Vec<u32> {
        let values = |field: &Option<Expression>, index, max| match field {
            Some(expression) => expression.values(domain(0, max)),
            None if self.defaults_to_wildcard(index) => (0..=max).collect(),
            None => vec![0],
        };
        times(
            &values(&self.hour, 5, 23),
            &values(&self.minute, 6, 59),
            &values(&self.second, 7, 59),
        )
    }
}

/// A line of a standard crontab.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    minute: Expression,
    hour: Expression,
    day: Expression,
    month: Expression,
    weekday: Expression,
}

impl Line {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let field = |domain| Expression::any(domain, false);
        (
            field(domain(0, 59)),
            field(domain(0, 23)),
            field(domain(1, 31)),
            field(MONTHS),
            field(FROM_SUNDAY),
        )
            .prop_map(|(minute, hour, day, month, weekday)| Self {
                minute,
                hour,
                day,
                month,
                weekday,
            })
    }

    pub(crate) fn builder(&self) -> CronTriggerBuilder {
        let Self { minute, hour, day, month, weekday } = self;
        CronTrigger::from_crontab(format!("{minute}  {hour} {day}\t{month} {weekday}"))
    }

    pub(crate) fn has_time_wildcard(&self) -> bool {
        self.hour.starts_with_wildcard() || self.minute.starts_with_wildcard()
    }

    pub(crate) fn has_day(&self, date: NaiveDate) -> bool {
        let sunday_first = date.weekday().num_days_from_sunday();
        let weekday =
            self.weekday.contains(sunday_first) || sunday_first == 0 && self.weekday.contains(7);
        let day = self.day.contains(date.day());
        let either = !self.day.starts_with_wildcard() && !self.weekday.starts_with_wildcard();
        let matches = if either { day || weekday } else { day && weekday };
        matches && self.month.contains(date.month())
    }

    pub(crate) fn times(&self) -> Vec<u32> {
        let (hours, minutes) = (domain(0, 23), domain(0, 59));
        times(&self.hour.values(hours), &self.minute.values(minutes), &[0])
    }
}

/// Returns the times of day in seconds since midnight.
fn times(hours: &[u32], minutes: &[u32], seconds: &[u32]) -> Vec<u32> {
    let mut times = Vec::new();
    for hour in hours {
        for minute in minutes {
            times.extend(seconds.iter().map(|second| hour * 3600 + minute * 60 + second));
        }
    }
    times
}
