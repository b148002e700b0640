//! The local times of a cron trigger: its days and times of day.

use punctual_cron_syntax::{Expressions, Field, FieldTerm};

use super::days::DaySet;
use super::month::{MonthDayMatcher, to_bit_set};
use super::time_of_day::TimeSet;
use crate::civil::{LocalTimeSet, SECONDS_PER_DAY};

/// The set of local times that match a cron schedule: every matching time of day on every matching day.
#[derive(Clone, Debug)]
pub(super) struct CronTimes {
    days: DaySet,
    times: TimeSet,
}

impl CronTimes {
    /// The local times that match all `fields`. With `day_fields_or`, a day needs to match only one of day of month and
    /// weekday.
    pub(super) fn new(fields: &Expressions, day_fields_or: bool) -> Self {
        let terms = |field: Field| fields[field as usize].terms.as_slice();
        // Fields that allow all values are omitted, so that they need not be evaluated.
        let restricted = |field: Field| {
            let everything = [FieldTerm::Range { first: field.min(), last: field.max(), step: 1 }];
            Some(terms(field)).filter(|&terms| terms != everything)
        };
        let mut matcher = MonthDayMatcher::new();
        if let Some(days) = restricted(Field::Day) {
            matcher.set_days(days);
        }
        if let Some(weekdays) = restricted(Field::DayOfWeek) {
            matcher.set_weekdays(weekdays);
        }
        if let Some(weeks) = restricted(Field::Week) {
            matcher.set_weeks(weeks);
        }
        if day_fields_or {
            matcher.set_day_fields_or();
        }
        let months = to_bit_set(terms(Field::Month)) as u16;
        Self {
            days: DaySet::new(restricted(Field::Year), months, matcher),
            times: TimeSet {
                hours: to_bit_set(terms(Field::Hour)),
                minutes: to_bit_set(terms(Field::Minute)),
                seconds: to_bit_set(terms(Field::Second)),
            },
        }
    }
}

impl LocalTimeSet for CronTimes {
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

/// Splits civil seconds into day number and second of the day. Civil seconds exceed the years 1 to 9999 by a few days
/// at most, so the day number fits.
fn split(civil: i64) -> (i32, u32) {
    (civil.div_euclid(SECONDS_PER_DAY) as i32, civil.rem_euclid(SECONDS_PER_DAY) as u32)
}

fn join(day: i32, time: u32) -> i64 {
    i64::from(day) * SECONDS_PER_DAY + i64::from(time)
}
