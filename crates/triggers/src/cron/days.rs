//! Which days match: years, months and the days in them.

use super::month::{Dependence, MonthRule};
use super::years::YearSet;
use crate::civil::{FIRST_YEAR, LAST_DAY, LAST_YEAR, Year, date_of};

const ALL_MONTHS: u16 = 0b1_1111_1111_1110;

/// A set of days, each of which is found by at most a few dozen jumps from month to month.
#[derive(Clone, Debug)]
pub(super) struct DaySet {
    years: YearSet,
    /// Bit 1 is January.
    months: u16,
    rule: MonthRule,
    /// Whether nothing is left out: the common case needs no calendar.
    every_day: bool,
}

impl DaySet {
    /// The days that match `rule` in those months of those years; none for all years.
    pub(super) fn new(
        years: Option<&[super::expression::Item]>,
        months: u16,
        rule: MonthRule,
    ) -> Self {
        let every_day = years.is_none() && months == ALL_MONTHS && rule.is_every_day();
        Self {
            years: YearSet::new(years, shapes_with_days(months, &rule)),
            months,
            rule,
            every_day,
        }
    }

    /// The first member that is not before `day`.
    pub(super) fn at_or_after(&self, day: i32) -> Option<i32> {
        let day = day.max(0);
        if day > LAST_DAY || self.every_day {
            return (day <= LAST_DAY).then_some(day);
        }
        let (year, month, day) = date_of(day);
        if self.years.contains(year)
            && let Some(found) = self.first_in_year(&Year::new(year), month, day)
        {
            return Some(found);
        }
        let year = self.years.at_or_after(year + 1)?;
        self.first_in_year(&Year::new(year), 1, 1)
    }

    /// The last member that is not after `day`.
    pub(super) fn at_or_before(&self, day: i32) -> Option<i32> {
        let day = day.min(LAST_DAY);
        if day < 0 || self.every_day {
            return (day >= 0).then_some(day);
        }
        let (year, month, day) = date_of(day);
        if self.years.contains(year)
            && let Some(found) = self.last_in_year(&Year::new(year), month, day)
        {
            return Some(found);
        }
        let year = self.years.at_or_before(year - 1)?;
        self.last_in_year(&Year::new(year), 12, 31)
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

/// The shapes of years in which some day matches, as a bit set. Of years that are the same to the rule only one
/// is tried.
fn shapes_with_days(months: u16, rule: &MonthRule) -> u32 {
    let depends_on = rule.depends_on();
    let mut tried = [None; 21];
    let mut shapes = 0;
    for year in Year::of_every_shape() {
        let same = match depends_on {
            Dependence::Length => usize::from(year.is_leap()),
            Dependence::Weekdays if !year.is_leap() => year.shape() / 3 * 3,
            _ => year.shape(),
        };
        let has_day = tried[same].get_or_insert_with(|| {
            (1..=12).any(|month| months >> month & 1 != 0 && rule.mask(&year, month) != 0)
        });
        shapes |= u32::from(*has_day) << year.shape();
    }
    shapes
}

const _: () = assert!(crate::civil::day_of(FIRST_YEAR, 1, 1) == 0 && LAST_YEAR == 9999);
