//! The Gregorian calendar on day numbers: days since 1970-01-01.

/// The first year in which a cron trigger may fire.
pub(crate) const FIRST_YEAR: i32 = 1970;
/// The last year in which any trigger may fire.
pub(crate) const LAST_YEAR: i32 = 9999;
/// 9999-12-31.
pub(crate) const LAST_DAY: i32 = day_number(LAST_YEAR, 12, 31);

/// The number of days before each month, in common and in leap years. January has index 1.
const DAYS_BEFORE_MONTH: [[i32; 13]; 2] = [
    [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334],
    [0, 0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335],
];

const fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The number of days of a month.
pub(crate) const fn month_length(year: i32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Returns whether the date exists and is in the years 1 to 9999.
pub(crate) fn is_valid_date(year: i32, month: u32, day: u32) -> bool {
    (1..=LAST_YEAR).contains(&year)
        && (1..=12).contains(&month)
        && (1..=month_length(year, month)).contains(&day)
}

const fn year_start(year: i32) -> i32 {
    let past = year - 1;
    past * 365 + past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400) - 719_162
}

/// The day number of a date.
pub(crate) const fn day_number(year: i32, month: u32, day: u32) -> i32 {
    year_start(year) + DAYS_BEFORE_MONTH[is_leap(year) as usize][month as usize] + day as i32 - 1
}

/// The year, month and day of a day number.
///
/// This is the algorithm of Neri and Schneider ("Euclidean affine functions and their application to
/// calendar algorithms", 2022): a computational year begins in March, and every division is by a constant.
pub(crate) const fn date_from_day_number(day: i32) -> (i32, u32, u32) {
    // Days since 0000-03-01, offset by whole cycles of 400 years to avoid negative numbers.
    const CYCLES: u32 = 82;
    let n = (day as i64 + 719_468 + CYCLES as i64 * 146_097) as u32;
    let n1 = 4 * n + 3;
    let century = n1 / 146_097;
    let n2 = (n1 % 146_097) | 3;
    let p = 2_939_745 * n2 as u64;
    let year_of_century = (p >> 32) as u32;
    let day_of_year = (p as u32) / 2_939_745 / 4;
    let n3 = 2_141 * day_of_year + 197_913;
    let (month, day_of_month) = (n3 >> 16, (n3 & 0xffff) / 2_141);
    let january = day_of_year >= 306;
    let year = (100 * century + year_of_century) as i32 - 400 * CYCLES as i32;
    if january { (year + 1, month - 12, day_of_month + 1) } else { (year, month, day_of_month + 1) }
}

/// The weekday of a day, counted from Monday = 0.
pub(crate) const fn weekday(day: i32) -> u32 {
    (day + 3).rem_euclid(7) as u32
}

/// A year with cached properties.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Year {
    start: i32,
    leap: bool,
    after_leap: bool,
    first_weekday: u32,
}

impl Year {
    pub(crate) const fn new(year: i32) -> Self {
        let start = year_start(year);
        Self {
            start,
            leap: is_leap(year),
            after_leap: is_leap(year - 1),
            first_weekday: weekday(start),
        }
    }

    /// The layout of the year, 0 to 20. Years with equal layouts have equal weekdays and ISO weeks.
    pub(crate) const fn layout_index(&self) -> usize {
        let length = if self.leap { 2 } else { self.after_leap as usize };
        self.first_weekday as usize * 3 + length
    }

    /// Every layout occurs within this number of years: 28 in the regular cycle, up to 40 across a century year that
    /// is not a leap year.
    pub(crate) const LAYOUT_PERIOD_YEARS: i32 = 40;

    /// One representative year of each layout. Its weekdays, ISO weeks and lengths are valid, its day numbers are not.
    pub(crate) fn all_layouts() -> impl Iterator<Item = Self> {
        (0..7).flat_map(|first_weekday| {
            [(false, false), (false, true), (true, false)].map(|(leap, after_leap)| Self {
                start: 0,
                leap,
                after_leap,
                first_weekday,
            })
        })
    }

    pub(crate) const fn month_start(&self, month: u32) -> i32 {
        self.start + DAYS_BEFORE_MONTH[self.leap as usize][month as usize]
    }

    pub(crate) const fn month_length(&self, month: u32) -> u32 {
        match month {
            2 => 28 + self.leap as u32,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// The number of days of the year before a month.
    pub(crate) const fn days_before(&self, month: u32) -> u32 {
        DAYS_BEFORE_MONTH[self.leap as usize][month as usize] as u32
    }

    /// The weekday of the first day of a month, counted from Monday = 0.
    pub(crate) const fn month_weekday(&self, month: u32) -> u32 {
        (self.first_weekday + self.days_before(month)) % 7
    }

    /// The number of the ISO week that contains the given day of the year, where 1 January is day 0.
    pub(crate) const fn week(&self, day: u32) -> u32 {
        let weekday = (self.first_weekday + day) % 7;
        match (day + 10 - weekday) / 7 {
            // The last week of the previous year, which has 53 weeks if it has 53 Thursdays.
            0 if self.first_weekday == 4 || (self.first_weekday == 5 && self.after_leap) => 53,
            0 => 52,
            53 if self.first_weekday != 3 && !(self.first_weekday == 2 && self.leap) => 1,
            week => week,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike, NaiveDate};

    use super::*;

    #[test]
    fn agrees_with_chrono_on_every_day() {
        let mut date = NaiveDate::from_ymd_opt(1, 1, 1).unwrap();
        for day in day_number(1, 1, 1)..=LAST_DAY {
            let expected = (date.year(), date.month(), date.day());
            assert_eq!(date_from_day_number(day), expected);
            assert_eq!(day_number(expected.0, expected.1, expected.2), day);
            assert_eq!(weekday(day), date.weekday().num_days_from_monday());
            let year = Year::new(date.year());
            assert_eq!(year.week(date.ordinal0()), date.iso_week().week(), "{date}");
            if date.day() == 1 {
                assert_eq!(year.month_start(date.month()), day);
                assert_eq!(year.month_weekday(date.month()), weekday(day));
                assert_eq!(year.month_length(date.month()), month_length(expected.0, expected.1));
            }
            date = date.succ_opt().unwrap();
        }
    }

    #[test]
    fn every_layout_occurs_within_the_period() {
        for start in 1970..2370 {
            let years = start..start + Year::LAYOUT_PERIOD_YEARS;
            let seen = years.fold(0, |seen, year| seen | 1 << Year::new(year).layout_index());
            assert_eq!(seen, (1 << 21) - 1, "{start}");
        }
    }

    #[test]
    fn layouts_are_numbered_consecutively() {
        let layouts: Vec<_> = Year::all_layouts().map(|year| year.layout_index()).collect();
        assert_eq!(layouts, (0..21).collect::<Vec<_>>());
    }
}
