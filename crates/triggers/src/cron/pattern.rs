//! The wall times of a cron trigger: days and times of day.

use super::days::DaySet;
use super::expression::{Expression, Item};
use super::field::Field;
use super::month::{MonthRule, bits};
use super::time_of_day::TimeSet;
use crate::civil::{DAY, WallTimes};

/// Every matching time of day on every matching day.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    days: DaySet,
    times: TimeSet,
}

/// The understood expressions of all fields, those left out included; by [`Field`].
pub(super) type Expressions = [Expression; 8];

impl Pattern {
    /// The times that match every one of `fields`; with `either`, day of month and weekday are
    /// alternatives.
    pub(super) fn new(fields: &Expressions, either: bool) -> Self {
        let items = |field: Field| fields[field as usize].items.as_slice();
        // A field that leaves out nothing costs nothing.
        let restricted = |field: Field| {
            let everything = [Item::Stride { first: field.min(), last: field.max(), step: 1 }];
            Some(items(field)).filter(|&items| items != everything)
        };
        let mut rule = MonthRule::new();
        if let Some(days) = restricted(Field::Day) {
            rule.set_days(days);
        }
        if let Some(weekdays) = restricted(Field::DayOfWeek) {
            rule.set_weekdays(weekdays);
        }
        if let Some(weeks) = restricted(Field::Week) {
            rule.set_weeks(weeks);
        }
        if either {
            rule.match_either();
        }
        let months = bits(items(Field::Month)) as u16;
        Self {
            days: DaySet::new(restricted(Field::Year), months, rule),
            times: TimeSet {
                hours: bits(items(Field::Hour)),
                minutes: bits(items(Field::Minute)),
                seconds: bits(items(Field::Second)),
            },
        }
    }
}

impl WallTimes for Pattern {
    fn at_or_after(&self, civil: i64) -> Option<i64> {
        let (day, time) = split(civil);
        let mut found = self.days.at_or_after(day)?;
        if found == day {
            if let Some(time) = self.times.at_or_after(time) {
                return Some(join(day, time));
            }
            found = self.days.at_or_after(day + 1)?;
        }
        Some(join(found, self.times.first()))
    }

    fn at_or_before(&self, civil: i64) -> Option<i64> {
        let (day, time) = split(civil);
        let mut found = self.days.at_or_before(day)?;
        if found == day {
            if let Some(time) = self.times.at_or_before(time) {
                return Some(join(day, time));
            }
            found = self.days.at_or_before(day - 1)?;
        }
        Some(join(found, self.times.last()))
    }
}

/// Day number and second of the day. Civil seconds stay within some days of the years 1 to 9999.
fn split(civil: i64) -> (i32, u32) {
    (civil.div_euclid(DAY) as i32, civil.rem_euclid(DAY) as u32)
}

fn join(day: i32, time: u32) -> i64 {
    i64::from(day) * DAY + i64::from(time)
}
