//! The days of a month that match a cron schedule.

use punctual_cron_syntax::FieldTerm;

use crate::civil::Year;

/// A set of weekdays: bit 0 is Monday.
type Weekdays = u8;

const ALL_WEEKDAYS: Weekdays = 0x7f;
const ALL_DAYS: u32 = 0xffff_fffe;
const ALL_WEEKS: u64 = ((1 << 54) - 1) & !1;

/// Multiplication by this factor repeats a set of weekdays over six weeks.
const SIX_WEEKS: u64 = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28 | 1 << 35;

/// Computes the bit set of matching days of a month from its length, the weekday of its first day and, if weeks are
/// restricted, its position in the year.
#[derive(Clone, Debug)]
pub(super) struct MonthDayMatcher {
    /// Days by number; bit 1 is the first day.
    days: u32,
    /// Days relative to weekdays or to the month end. `None` is the common case and the fast path.
    relative_days: Option<RelativeDays>,
    weekdays: Weekdays,
    /// ISO weeks; bit 1 is the first week.
    weeks: u64,
    /// Whether a day needs to match only one of day of month and weekday, instead of both.
    day_fields_or: bool,
}

/// Days relative to the order of weekdays in the month or to the month end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct RelativeDays {
    /// The first to fifth occurrences of weekdays in the month.
    nth: [Weekdays; 5],
    /// The last occurrences of weekdays in the month.
    last: Weekdays,
    /// Numbers of days before the last day; bit 0 is the last day itself.
    before_last: u32,
    /// Days of the month, each of which stands for the nearest day from Monday to Friday; bit 1 is the first day.
    nearest: u32,
    /// The same for numbers of days before the last day; bit 0 is the last day itself.
    nearest_before_last: u32,
}

impl MonthDayMatcher {
    /// Matches every day.
    pub(super) fn new() -> Self {
        Self {
            days: ALL_DAYS,
            relative_days: None,
            weekdays: ALL_WEEKDAYS,
            weeks: ALL_WEEKS,
            day_fields_or: false,
        }
    }

    /// Restricts the day of the month.
    pub(super) fn set_days(&mut self, terms: &[FieldTerm]) {
        self.days = to_bit_set(terms) as u32;
        let mut relative_days = RelativeDays::default();
        for &term in terms {
            match term {
                FieldTerm::Range { .. } => {}
                FieldTerm::Nth { nth, weekday } => relative_days.nth[nth] |= 1 << weekday,
                FieldTerm::LastWeekday(weekday) => relative_days.last |= 1 << weekday,
                FieldTerm::LastDayMinus(days) => relative_days.before_last |= 1 << days,
                FieldTerm::NearestWorkday(day) => relative_days.nearest |= 1 << day,
                FieldTerm::NearestWorkdayToLastMinus(days) => {
                    relative_days.nearest_before_last |= 1 << days
                }
            }
        }
        self.relative_days = (relative_days != RelativeDays::default()).then_some(relative_days);
    }

    /// Restricts the weekday.
    pub(super) fn set_weekdays(&mut self, terms: &[FieldTerm]) {
        self.weekdays = to_bit_set(terms) as u8;
    }

    /// Restricts the ISO week.
    pub(super) fn set_weeks(&mut self, terms: &[FieldTerm]) {
        self.weeks = to_bit_set(terms);
    }

    /// Requires that a day matches either the day of the month or the weekday, instead of both.
    pub(super) fn set_day_fields_or(&mut self) {
        self.day_fields_or = true;
    }

    /// Returns whether all days match.
    pub(super) fn is_every_day(&self) -> bool {
        self.days == ALL_DAYS && self.weekdays == ALL_WEEKDAYS && self.weeks == ALL_WEEKS
    }

    /// Returns the matching days of the month; bit 1 is the first day.
    #[inline]
    pub(super) fn matching_days(&self, year: &Year, month: u32) -> u32 {
        let layout = MonthLayout {
            length: year.month_length(month),
            first_weekday: year.month_weekday(month),
        };
        let relative_days = self.relative_days.as_ref();
        let days = self.days
            | relative_days.map_or(0, |relative_days| layout.relative_days(relative_days));
        let weekdays = layout.weekdays(self.weekdays);
        let mut mask = if self.day_fields_or { days | weekdays } else { days & weekdays };
        if self.weeks != ALL_WEEKS {
            mask &= layout.weeks(self.weeks, year, month);
        }
        mask & layout.all_days()
    }
}

/// The length and the first weekday of a month.
struct MonthLayout {
    length: u32,
    first_weekday: u32,
}

impl MonthLayout {
    /// Returns all days of the month.
    fn all_days(&self) -> u32 {
        ALL_DAYS & (u32::MAX >> (31 - self.length))
    }

    /// Returns the days on one of the weekdays, which may include days after the end of the month.
    fn weekdays(&self, weekdays: Weekdays) -> u32 {
        let weeks = u64::from(weekdays) * SIX_WEEKS;
        ((weeks >> self.first_weekday) << 1) as u32
    }

    /// Converts relative days to days of the month.
    fn relative_days(&self, relative_days: &RelativeDays) -> u32 {
        let mut mask = 0;
        let mut week_mask = 0b1111_1110_u64;
        for weekdays in relative_days.nth {
            mask |= self.weekdays(weekdays) & week_mask as u32;
            week_mask <<= 7;
        }
        mask |= self.weekdays(relative_days.last) & (0b111_1111 << (self.length - 6));
        mask |= self.days_from_end(relative_days.before_last);
        let nearest = relative_days.nearest | self.days_from_end(relative_days.nearest_before_last);
        mask | self.nearest_weekdays(nearest & self.all_days())
    }

    /// Converts days before the last day, which is bit 0, to days of the month.
    fn days_from_end(&self, days: u32) -> u32 {
        days.reverse_bits() >> (31 - self.length)
    }

    /// Returns the day from Monday to Friday that is nearest to each of `days`: for a Saturday the day before, for a
    /// Sunday the day after, unless that is in another month.
    fn nearest_weekdays(&self, mut days: u32) -> u32 {
        let mut mask = 0;
        while days != 0 {
            let day = days.trailing_zeros();
            mask |= match (self.first_weekday + day - 1) % 7 {
                5 if day == 1 => 1 << 3,
                5 => 1 << (day - 1),
                6 if day == self.length => 1 << (day - 2),
                6 => 1 << (day + 1),
                _ => 1 << day,
            };
            days &= days - 1;
        }
        mask
    }

    /// Returns the days that are in one of the ISO `weeks`.
    fn weeks(&self, weeks: u64, year: &Year, month: u32) -> u32 {
        let before = year.days_before(month);
        let mut mask = 0_u64;
        let (mut day, mut monday) = (1, 8 - self.first_weekday);
        while day <= self.length {
            if weeks >> year.week(before + day - 1) & 1 != 0 {
                mask |= (1 << monday) - (1 << day);
            }
            (day, monday) = (monday, monday + 7);
        }
        mask as u32
    }
}

/// Returns the values of range terms as a bit set.
pub(super) fn to_bit_set(terms: &[FieldTerm]) -> u64 {
    let mut bits = 0;
    for &term in terms {
        match term {
            // No value is larger than 59.
            FieldTerm::Range { first, last, step: 1 } => bits |= (2 << last) - (1 << first),
            FieldTerm::Range { first, last, step } => {
                for value in (first..=last).step_by(step as usize) {
                    bits |= 1 << value;
                }
            }
            _ => {}
        }
    }
    bits
}
