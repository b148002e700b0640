//! Dates at intervals of the calendar.

use std::sync::OnceLock;

use crate::civil::{LAST_YEAR, date_of, day_of, month_length};

/// `start`, and then again and again: some months on to the next month that has the day, and then some
/// days on; up to `last`. Days are counted since 1970-01-01.
///
/// Months alone, or days alone, are counted out. Of both together every date depends on the one before, so
/// every [`MILE`]th is noted down the first time that one is asked for.
#[derive(Clone, Debug)]
pub(super) struct Dates {
    start: i32,
    last: i32,
    months: u32,
    days: u32,
    milestones: OnceLock<Box<[i32]>>,
}

/// How many dates lie between two milestones.
const MILE: usize = 16;

impl Dates {
    /// Not both of `months` and `days` may be 0.
    pub(super) fn new(start: i32, last: i32, months: u32, days: u32) -> Self {
        Self { start, last, months, days, milestones: OnceLock::new() }
    }

    /// The first member that is not before `day`.
    pub(super) fn at_or_after(&self, day: i32) -> Option<i32> {
        if day > self.last {
            return None;
        }
        let mut date = self.shortly_before(day);
        while date < day {
            date = self.after(date)?;
        }
        (date <= self.last).then_some(date)
    }

    /// The last member that is not after `day`.
    pub(super) fn at_or_before(&self, day: i32) -> Option<i32> {
        let day = day.min(self.last);
        if day < self.start {
            return None;
        }
        let mut date = self.shortly_before(day);
        while let Some(next) = self.after(date).filter(|&next| next <= day) {
            date = next;
        }
        Some(date)
    }

    /// The member after `date`, which is one.
    fn after(&self, date: i32) -> Option<i32> {
        let mut next = date;
        if self.months > 0 {
            let (year, month, day) = date_of(date);
            let number = month_number(year, month).saturating_add(self.months);
            next = month_with_day(number, self.months, day)?;
        }
        next.checked_add_unsigned(self.days)
    }

    /// Some member at or before `day`, with few others in between; the start if `day` is before that.
    fn shortly_before(&self, day: i32) -> i32 {
        if day <= self.start {
            return self.start;
        }
        match (self.months, self.days) {
            (0, days) => day - (day.abs_diff(self.start) % days) as i32,
            (months, 0) => self.month_before(day, months),
            _ => {
                let milestones = self.milestones.get_or_init(|| self.milestones());
                let passed = milestones.partition_point(|&milestone| milestone <= day);
                passed.checked_sub(1).map_or(self.start, |last| milestones[last])
            }
        }
    }

    /// Steps back from the month of `day` to the last on the grid that has the day of the month.
    fn month_before(&self, day: i32, months: u32) -> i32 {
        let (year, month, day_of_month) = date_of(self.start);
        let start = month_number(year, month);
        let (until_year, until_month, _) = date_of(day);
        let mut passed = (month_number(until_year, until_month) - start) / months * months;
        while passed > 0 {
            if let Some(date) =
                date_in_month(start + passed, day_of_month).filter(|&date| date <= day)
            {
                return date;
            }
            passed -= months;
        }
        self.start
    }

    fn milestones(&self) -> Box<[i32]> {
        let dates = std::iter::successors(Some(self.start), |&date| self.after(date));
        dates.take_while(|&date| date <= self.last).step_by(MILE).collect()
    }
}

/// Months since January of the year 0.
fn month_number(year: i32, month: u32) -> u32 {
    year as u32 * 12 + month - 1
}

fn date_in_month(number: u32, day: u32) -> Option<i32> {
    let (year, month) = ((number / 12) as i32, number % 12 + 1);
    (day <= month_length(year, month)).then(|| day_of(year, month, day))
}

/// The date in the first of the months `number`, `number + step`... that has the day.
fn month_with_day(mut number: u32, step: u32, day: u32) -> Option<i32> {
    while number < (LAST_YEAR as u32 + 1) * 12 {
        if let Some(date) = date_in_month(number, day) {
            return Some(date);
        }
        number = number.checked_add(step)?;
    }
    None
}
