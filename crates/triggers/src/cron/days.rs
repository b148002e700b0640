//! Which days match: years, months and the days in them.

use super::expression::Item;
use super::month::MonthRule;
use super::years::YearList;
use crate::civil::{FIRST_YEAR, LAST_DAY, LAST_YEAR, Year, date_of};

const ALL_MONTHS: u16 = 0b1_1111_1111_1110;

/// A set of days, each of which is found by at most a few dozen jumps from month to month: what does not match in
/// [`SHAPES_RECUR_IN`](Year::SHAPES_RECUR_IN) years does not match at all, and of years that are named only
/// those with a match are kept.
#[derive(Clone, Debug)]
pub(super) struct DaySet {
    /// None: all years.
    years: Option<YearList>,
    /// Bit 1 is January.
    months: u16,
    rule: MonthRule,
    /// Whether nothing is left out: the common case needs no calendar.
    every_day: bool,
}

impl DaySet {
    /// The days that match `rule` in those months of those years; none for all years.
    pub(super) fn new(years: Option<&[Item]>, months: u16, rule: MonthRule) -> Self {
        let every_day = years.is_none() && months == ALL_MONTHS && rule.is_every_day();
        let mut days = Self { years: None, months, rule, every_day };
        days.years = years
            .map(|years| YearList::new(years, |year| days.first_in_year(year, 1, 1).is_some()));
        days
    }

    /// The first member that is not before `day`.
    pub(super) fn at_or_after(&self, day: i32) -> Option<i32> {
        let day = day.max(0);
        if day > LAST_DAY || self.every_day {
            return (day <= LAST_DAY).then_some(day);
        }
        let (year, month, day) = date_of(day);
        if self.years.as_ref().is_none_or(|years| years.contains(year))
            && let Some(found) = self.first_in_year(&Year::new(year), month, day)
        {
            return Some(found);
        }
        let in_year = |year| self.first_in_year(&Year::new(year), 1, 1);
        match &self.years {
            Some(years) => in_year(years.at_or_after(year + 1)?),
            None => {
                let last = LAST_YEAR.min(year + Year::SHAPES_RECUR_IN);
                (year + 1..=last).find_map(in_year)
            }
        }
    }

    /// The last member that is not after `day`.
    pub(super) fn at_or_before(&self, day: i32) -> Option<i32> {
        let day = day.min(LAST_DAY);
        if day < 0 || self.every_day {
            return (day >= 0).then_some(day);
        }
        let (year, month, day) = date_of(day);
        if self.years.as_ref().is_none_or(|years| years.contains(year))
            && let Some(found) = self.last_in_year(&Year::new(year), month, day)
        {
            return Some(found);
        }
        let in_year = |year| self.last_in_year(&Year::new(year), 12, 31);
        match &self.years {
            Some(years) => in_year(years.at_or_before(year - 1)?),
            None => {
                let first = FIRST_YEAR.max(year - Year::SHAPES_RECUR_IN);
                (first..year).rev().find_map(in_year)
            }
        }
    }

    fn first_in_year(&self, year: &Year, month: u32, day: u32) -> Option<i32> {
        let mut months = self.months & u16::MAX << month;
        let mut open = u32::MAX << day;
        while months != 0 {
            let candidate = months.trailing_zeros();
            if candidate != month {
                open = u32::MAX;
            }
            let days = self.rule.mask(year, candidate) & open;
            if days != 0 {
                return Some(year.month_start(candidate) + days.trailing_zeros() as i32 - 1);
            }
            months &= months - 1;
        }
        None
    }

    fn last_in_year(&self, year: &Year, month: u32, day: u32) -> Option<i32> {
        let mut months = self.months & (u16::MAX >> (15 - month));
        let mut open = u32::MAX >> (31 - day);
        while months != 0 {
            let candidate = 15 - months.leading_zeros();
            if candidate != month {
                open = u32::MAX;
            }
            let days = self.rule.mask(year, candidate) & open;
            if days != 0 {
                return Some(year.month_start(candidate) + 31 - days.leading_zeros() as i32 - 1);
            }
            months &= !(1 << candidate);
        }
        None
    }
}

const _: () = assert!(crate::civil::day_of(FIRST_YEAR, 1, 1) == 0 && LAST_YEAR == 9999);
