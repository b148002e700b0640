//! The Gregorian calendar on day numbers: days since 1970-01-01.

/// The first year in which cron fires.
pub(crate) const FIRST_YEAR: i32 = 1970;
/// The last year of all triggers.
pub(crate) const LAST_YEAR: i32 = 9999;
/// 9999-12-31.
pub(crate) const LAST_DAY: i32 = day_of(LAST_YEAR, 12, 31);

/// Days before each month, counted from January = 1, in common and in leap years.
const BEFORE_MONTH: [[i32; 13]; 2] = [
    [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334],
    [0, 0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335],
];

const fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The length of a month.
pub(crate) const fn month_length(year: i32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Whether there is such a date in the years 1 to 9999.
pub(crate) fn is_valid_date(year: i32, month: u32, day: u32) -> bool {
    (1..=LAST_YEAR).contains(&year)
        && (1..=12).contains(&month)
        && (1..=month_length(year, month)).contains(&day)
}

const fn year_start(year: i32) -> i32 {
    let past = year - 1;
    past * 365 + past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400) - 719_162
}

/// The number of the day with that date.
pub(crate) const fn day_of(year: i32, month: u32, day: u32) -> i32 {
    year_start(year) + BEFORE_MONTH[is_leap(year) as usize][month as usize] + day as i32 - 1
}

/// The date of the day with that number, as year, month and day.
///
/// This is the algorithm of Neri and Schneider ("Euclidean affine functions and their application to
/// calendar algorithms", 2022): a computational year begins in March, and every division is by a constant.
pub(crate) const fn date_of(day: i32) -> (i32, u32, u32) {
    // Days since 0000-03-01, moved by whole cycles of 400 years so that they are never negative.
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

/// A year with what is asked about it all the time.
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

    /// Its shape, from 0 to 20: years of one shape have the same weekdays and ISO weeks.
    pub(crate) const fn shape(&self) -> usize {
        let length = if self.leap { 2 } else { self.after_leap as usize };
        self.first_weekday as usize * 3 + length
    }

    /// In so many years every shape occurs: mostly in 28, more where a century has no leap year.
    pub(crate) const SHAPES_RECUR_IN: i32 = 40;

    /// A year of each shape, of which only weekdays, weeks and lengths may be asked.
    pub(crate) fn of_every_shape() -> impl Iterator<Item = Self> {
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
        self.start + BEFORE_MONTH[self.leap as usize][month as usize]
    }

    pub(crate) const fn month_length(&self, month: u32) -> u32 {
        match month {
            2 => 28 + self.leap as u32,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// How many days of the year come before a month.
    pub(crate) const fn days_before(&self, month: u32) -> u32 {
        BEFORE_MONTH[self.leap as usize][month as usize] as u32
    }

    /// The weekday of the first day of a month, counted from Monday = 0.
    pub(crate) const fn month_weekday(&self, month: u32) -> u32 {
        (self.first_weekday + self.days_before(month)) % 7
    }

    /// The number of the ISO week of a day, counted from 1 January = 0.
    pub(crate) const fn week(&self, day: u32) -> u32 {
        let weekday = (self.first_weekday + day) % 7;
        match (day + 10 - weekday) / 7 {
            // Still the last week of the year before, which has 53 if it has 53 Thursdays.
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
        for day in day_of(1, 1, 1)..=LAST_DAY {
            let expected = (date.year(), date.month(), date.day());
            assert_eq!(date_of(day), expected);
            assert_eq!(day_of(expected.0, expected.1, expected.2), day);
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
    fn shapes_recur() {
        for start in 1970..2370 {
            let years = start..start + Year::SHAPES_RECUR_IN;
            let seen = years.fold(0, |seen, year| seen | 1 << Year::new(year).shape());
            assert_eq!(seen, (1 << 21) - 1, "{start}");
        }
    }

    #[test]
    fn shapes_are_numbered() {
        let shapes: Vec<_> = Year::of_every_shape().map(|year| year.shape()).collect();
        assert_eq!(shapes, (0..21).collect::<Vec<_>>());
    }
}
