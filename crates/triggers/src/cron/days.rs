//! The days that match a cron schedule.

use punctual_cron_syntax::FieldTerm;

use super::month::MonthDayMatcher;
use super::years::YearSet;
use crate::civil::{FIRST_YEAR, LAST_DAY, LAST_YEAR, Year, date_from_day_number};

const ALL_MONTHS: u16 = 0b1_1111_1111_1110;

/// A set of days. A search examines at most a few dozen years: a matcher without a match in
/// [`LAYOUT_PERIOD_YEARS`](Year::LAYOUT_PERIOD_YEARS) years never matches, and `years` contains only years with a
/// match.
#[derive(Clone, Debug)]
pub(super) struct DaySet {
    /// `None` means all years.
    years: Option<YearSet>,
    /// Bit 1 is January.
    months: u16,
    matcher: MonthDayMatcher,
    /// Whether all days match. In this common case, no calendar computation is needed.
    every_day: bool,
}

impl DaySet {
    /// The days that match `matcher` in the given months and years. `None` means all years.
    pub(super) fn new(years: Option<&[FieldTerm]>, months: u16, matcher: MonthDayMatcher) -> Self {
        let every_day = years.is_none() && months == ALL_MONTHS && matcher.is_every_day();
        let mut days = Self { years: None, months, matcher, every_day };
        days.years =
            years.map(|years| YearSet::new(years, |year| days.first_in_year(year, 1, 1).is_some()));
        days
    }

    /// Returns the first element at or after `day`.
    pub(super) fn at_or_after(&self, day: i32) -> Option<i32> {
        let day = day.max(0);
        if day > LAST_DAY || self.every_day {
            return (day <= LAST_DAY).then_some(day);
        }
        let (year, month, day) = date_from_day_number(day);
        if self.years.as_ref().is_none_or(|years| years.contains(year))
            && let Some(found) = self.first_in_year(&Year::new(year), month, day)
        {
            return Some(found);
        }
        let in_year = |year| self.first_in_year(&Year::new(year), 1, 1);
        match &self.years {
            Some(years) => in_year(years.at_or_after(year + 1)?),
            None => {
                let last = LAST_YEAR.min(year + Year::LAYOUT_PERIOD_YEARS);
                (year + 1..=last).find_map(in_year)
            }
        }
    }

    /// Returns the last element at or before `day`.
    pub(super) fn at_or_before(&self, day: i32) -> Option<i32> {
        let day = day.min(LAST_DAY);
        if day < 0 || self.every_day {
            return (day >= 0).then_some(day);
        }
        let (year, month, day) = date_from_day_number(day);
        if self.years.as_ref().is_none_or(|years| years.contains(year))
            && let Some(found) = self.last_in_year(&Year::new(year), month, day)
        {
            return Some(found);
        }
        let in_year = |year| self.last_in_year(&Year::new(year), 12, 31);
        match &self.years {
            Some(years) => in_year(years.at_or_before(year - 1)?),
            None => {
                let first = FIRST_YEAR.max(year - Year::LAYOUT_PERIOD_YEARS);
                (first..year).rev().find_map(in_year)
            }
        }
    }

    fn first_in_year(&self, year: &Year, month: u32, day: u32) -> Option<i32> {
        let mut months = self.months & u16::MAX << month;
        let mut in_range = u32::MAX << day;
        while months != 0 {
            let candidate = months.trailing_zeros();
            if candidate != month {
                in_range = u32::MAX;
            }
            let days = self.matcher.matching_days(year, candidate) & in_range;
            if days != 0 {
                return Some(year.month_start(candidate) + days.trailing_zeros() as i32 - 1);
            }
            months &= months - 1;
        }
        None
    }

    fn last_in_year(&self, year: &Year, month: u32, day: u32) -> Option<i32> {
        let mut months = self.months & (u16::MAX >> (15 - month));
        let mut in_range = u32::MAX >> (31 - day);
        while months != 0 {
            let candidate = 15 - months.leading_zeros();
            if candidate != month {
                in_range = u32::MAX;
            }
            let days = self.matcher.matching_days(year, candidate) & in_range;
            if days != 0 {
                return Some(year.month_start(candidate) + 31 - days.leading_zeros() as i32 - 1);
            }
            months &= !(1 << candidate);
        }
        None
    }
}

const _: () = assert!(crate::civil::day_number(FIRST_YEAR, 1, 1) == 0 && LAST_YEAR == 9999);
