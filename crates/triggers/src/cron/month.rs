//! Which days of a month match.

use super::expression::Item;
use crate::civil::Year;

/// A set of weekdays: bit 0 is Monday.
type Weekdays = u8;

const ALL_WEEKDAYS: Weekdays = 0x7f;
const ALL_DAYS: u32 = 0xffff_fffe;
const ALL_WEEKS: u64 = ((1 << 54) - 1) & !1;

/// Repeats a set of weekdays over six weeks when multiplied with it.
const SIX_WEEKS: u64 = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28 | 1 << 35;

/// The rule that makes a bit set of days out of a month: of its length, the weekday of its first day and,
/// if weeks are asked for, the place of the month in its year.
#[derive(Clone, Debug)]
pub(super) struct MonthRule {
    /// Days by number; bit 1 is the first.
    days: u32,
    /// Days by position; none is the common case, and the quick one.
    positions: Option<Positions>,
    weekdays: Weekdays,
    /// ISO weeks; bit 1 is the first.
    weeks: u64,
    /// Whether a day matches by day of month or by weekday, instead of having to match by both.
    either: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Positions {
    /// First to fifth weekday of the month.
    nth: [Weekdays; 5],
    last: Weekdays,
    /// How many days before the last day; bit 0 is the last day itself.
    before_last: u32,
    /// Days of which the nearest weekday is meant, counted like [`MonthRule::days`].
    nearest: u32,
    /// The same, counted like `before_last`.
    nearest_before_last: u32,
}

impl MonthRule {
    /// Every day, for the fields to restrict.
    pub(super) fn new() -> Self {
        Self {
            days: ALL_DAYS,
            positions: None,
            weekdays: ALL_WEEKDAYS,
            weeks: ALL_WEEKS,
            either: false,
        }
    }

    /// Restricts the day of the month.
    pub(super) fn set_days(&mut self, items: &[Item]) {
        self.days = bits(items) as u32;
        let mut positions = Positions::default();
        for &item in items {
            match item {
                Item::Stride { .. } => {}
                Item::Nth { nth, weekday } => positions.nth[nth] |= 1 << weekday,
                Item::LastWeekday(weekday) => positions.last |= 1 << weekday,
                Item::BeforeLast(days) => positions.before_last |= 1 << days,
                Item::Nearest(day) => positions.nearest |= 1 << day,
                Item::NearestBeforeLast(days) => positions.nearest_before_last |= 1 << days,
            }
        }
        self.positions = (positions != Positions::default()).then_some(positions);
    }

    /// Restricts the weekday.
    pub(super) fn set_weekdays(&mut self, items: &[Item]) {
        self.weekdays = bits(items) as u8;
    }

    /// Restricts the ISO week.
    pub(super) fn set_weeks(&mut self, items: &[Item]) {
        self.weeks = bits(items);
    }

    /// Makes day of month and weekday alternatives.
    pub(super) fn match_either(&mut self) {
        self.either = true;
    }

    /// Whether it leaves out nothing.
    pub(super) fn is_every_day(&self) -> bool {
        self.days == ALL_DAYS && self.weekdays == ALL_WEEKDAYS && self.weeks == ALL_WEEKS
    }

    /// The days of that month that match; bit 1 is the first day.
    #[inline]
    pub(super) fn mask(&self, year: &Year, month: u32) -> u32 {
        let month_of = MonthShape {
            length: year.month_length(month),
            first_weekday: year.month_weekday(month),
        };
        let positions = self.positions.as_ref();
        let days = self.days | positions.map_or(0, |positions| month_of.positions(positions));
        let weekdays = month_of.weekdays(self.weekdays);
        let mut mask = if self.either { days | weekdays } else { days & weekdays };
        if self.weeks != ALL_WEEKS {
            mask &= month_of.weeks(self.weeks, year, month);
        }
        mask & month_of.all()
    }
}

struct MonthShape {
    length: u32,
    first_weekday: u32,
}

impl MonthShape {
    fn all(&self) -> u32 {
        ALL_DAYS & (u32::MAX >> (31 - self.length))
    }

    fn weekdays(&self, weekdays: Weekdays) -> u32 {
        let weeks = u64::from(weekdays) * SIX_WEEKS;
        ((weeks >> self.first_weekday) << 1) as u32
    }

    fn positions(&self, positions: &Positions) -> u32 {
        let mut mask = 0;
        let mut seven = 0b1111_1110_u64;
        for weekdays in positions.nth {
            mask |= self.weekdays(weekdays) & seven as u32;
            seven <<= 7;
        }
        mask |= self.weekdays(positions.last) & (0b111_1111 << (self.length - 6));
        mask |= self.days_from_end(positions.before_last);
        let nearest = positions.nearest | self.days_from_end(positions.nearest_before_last);
        mask | self.nearest_weekdays(nearest & self.all())
    }

    /// Days counted back from the last day, which is bit 0, as days of the month.
    fn days_from_end(&self, days: u32) -> u32 {
        days.reverse_bits() >> (31 - self.length)
    }

    /// The weekday nearest to each of `days`: a Saturday's is the day before and a Sunday's the day after,
    /// unless that is in another month.
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

    /// The days that lie in one of the ISO `weeks`.
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

/// The values of strides as a bit set.
pub(super) fn bits(items: &[Item]) -> u64 {
    let mut bits = 0;
    for &item in items {
        match item {
            // All of them at once: no value is larger than 59.
            Item::Stride { first, last, step: 1 } => bits |= (2 << last) - (1 << first),
            Item::Stride { first, last, step } => {
                for value in (first..=last).step_by(step as usize) {
                    bits |= 1 << value;
                }
            }
            _ => {}
        }
    }
    bits
}
