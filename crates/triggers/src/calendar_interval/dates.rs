//! Sequences of dates at calendar intervals.

use std::sync::OnceLock;

use crate::civil::{LAST_YEAR, date_from_day_number, day_number, month_length};

/// The sequence of dates from `start` to `last`, as days since 1970-01-01. Each date follows its predecessor by
/// `months` (repeated until the month contains the day), then by `days`.
///
/// With only months or only days, dates are computed directly. With both, each date depends on its predecessor, so
/// every [`CHECKPOINT_SPACING`]th date is cached on first use.
#[derive(Clone, Debug)]
pub(super) struct DateSequence {
    start: i32,
    last: i32,
    months: u32,
    days: u32,
    checkpoints: OnceLock<Box<[i32]>>,
}

/// The distance between two checkpoints, in elements of the sequence.
const CHECKPOINT_SPACING: usize = 16;

impl DateSequence {
    /// `months` and `days` must not both be 0.
    pub(super) fn new(start: i32, last: i32, months: u32, days: u32) -> Self {
        Self { start, last, months, days, checkpoints: OnceLock::new() }
    }

    /// Returns the first element at or after `day`.
    pub(super) fn at_or_after(&self, day: i32) -> Option<i32> {
        if day > self.last {
            return None;
        }
        let mut date = self.scan_start(day);
        while date < day {
            date = self.after(date)?;
        }
        (date <= self.last).then_some(date)
    }

    /// Returns the last element at or before `day`.
    pub(super) fn at_or_before(&self, day: i32) -> Option<i32> {
        let day = day.min(self.last);
        if day < self.start {
            return None;
        }
        let mut date = self.scan_start(day);
        while let Some(next) = self.after(date).filter(|&next| next <= day) {
            date = next;
        }
        Some(date)
    }

    /// Returns the element after `date`, which must be an element.
    fn after(&self, date: i32) -> Option<i32> {
        let mut next = date;
        if self.months > 0 {
            let (year, month, day) = date_from_day_number(date);
            let number = month_number(year, month).saturating_add(self.months);
            next = month_with_day(number, self.months, day)?;
        }
        next.checked_add_unsigned(self.days)
    }

    /// Returns an element at or before `day`, with few elements in between, or `start` if `day` is before it.
    fn scan_start(&self, day: i32) -> i32 {
        if day <= self.start {
            return self.start;
        }
        match (self.months, self.days) {
            (0, days) => day - (day.abs_diff(self.start) % days) as i32,
            (months, 0) => self.month_before(day, months),
            _ => {
                let checkpoints = self.checkpoints.get_or_init(|| self.checkpoints());
                let passed = checkpoints.partition_point(|&checkpoint| checkpoint <= day);
                passed.checked_sub(1).map_or(self.start, |last| checkpoints[last])
            }
        }
    }

    /// Returns the latest date at or before `day` that is a multiple of `months` from the start and whose month
    /// contains the day of the month.
    fn month_before(&self, day: i32, months: u32) -> i32 {
        let (year, month, day_of_month) = date_from_day_number(self.start);
        let start = month_number(year, month);
        let (until_year, until_month, _) = date_from_day_number(day);
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

    fn checkpoints(&self) -> Box<[i32]> {
        let dates = std::iter::successors(Some(self.start), |&date| self.after(date));
        dates.take_while(|&date| date <= self.last).step_by(CHECKPOINT_SPACING).collect()
    }
}

/// Months since January of the year 0.
fn month_number(year: i32, month: u32) -> u32 {
    year as u32 * 12 + month - 1
}

fn date_in_month(number: u32, day: u32) -> Option<i32> {
    let (year, month) = ((number / 12) as i32, number % 12 + 1);
    (day <= month_length(year, month)).then(|| day_number(year, month, day))
}

/// Returns the date in the first of the months `number`, `number + step`, ... that contains the day.
fn month_with_day(mut number: u32, step: u32, day: u32) -> Option<i32> {
    while number < (LAST_YEAR as u32 + 1) * 12 {
        if let Some(date) = date_in_month(number, day) {
            return Some(date);
        }
        number = number.checked_add(step)?;
    }
    None
}
