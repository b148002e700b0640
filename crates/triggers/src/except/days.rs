//! The excluded days of an Except trigger.

use std::sync::Arc;

use punctual_core::{Trigger, Zone};

use super::range::DateRange;
use crate::builder::first_fire_at_or_after;
use crate::civil::{LAST_DAY, day_bounds, day_number, weekday};
use crate::search_budget::SearchBudget;

const FIRST_DAY: i32 = day_number(1, 1, 1);

/// The excluded days in a zone.
#[derive(Clone, Debug)]
pub(super) struct ExcludedDays {
    pub(super) zone: Zone,
    /// The excluded weekdays; bit 0 is Monday.
    pub(super) weekdays: u8,
    /// The excluded ranges of dates, sorted and separated by at least one day.
    pub(super) ranges: Vec<DateRange>,
    /// Triggers, each with the number of days that are excluded from each of its fire times on.
    pub(super) triggers: Vec<(Arc<dyn Trigger>, u32)>,
}

impl ExcludedDays {
    pub(super) fn contains(&self, day: i32) -> bool {
        self.weekdays >> weekday(day) & 1 != 0
            || self.range_at(day).is_ok()
            || self.triggers.iter().any(|rule| self.excludes(rule, day))
    }

    /// Returns the range that contains the day as `Ok`, or the first range after the day as `Err`.
    fn range_at(&self, day: i32) -> Result<DateRange, Option<DateRange>> {
        let index = self.ranges.partition_point(|range| range.last < day);
        match self.ranges.get(index) {
            Some(&range) if range.first <= day => Ok(range),
            after => Err(after.copied()),
        }
    }

    /// Returns whether the trigger fires on `day` or one of the `days - 1` days before it, so that `day` is excluded.
    fn excludes(&self, (trigger, days): &(Arc<dyn Trigger>, u32), day: i32) -> bool {
        let (start, _) = day_bounds(&self.zone, earliest_span_start(day, *days));
        let (_, end) = day_bounds(&self.zone, day);
        first_fire_at_or_after(trigger, start).is_some_and(|fire| fire <= end)
    }

    /// Returns the first included day at or after `day`. Included means not excluded.
    pub(super) fn next_included(&self, mut day: i32, budget: &SearchBudget) -> Option<i32> {
        while self.contains(day) {
            budget.consume()?;
            day = self.range_at(day).map_or(day, |range| range.last) + 1;
        }
        (day <= LAST_DAY).then_some(day)
    }

    /// Returns the first day of the block of excluded days immediately before `day`, or `day` if there is none.
    pub(super) fn excluded_block_start(&self, day: i32, budget: &SearchBudget) -> i32 {
        let included = self.previous_included(day - 1, budget);
        included.map_or(FIRST_DAY, |included| included + 1)
    }

    /// Returns the last included day at or before `day`.
    pub(super) fn previous_included(&self, mut day: i32, budget: &SearchBudget) -> Option<i32> {
        while self.contains(day) {
            budget.consume()?;
            day = self.range_at(day).map_or(day, |range| range.first) - 1;
        }
        (day >= FIRST_DAY).then_some(day)
    }
}

/// Returns the first start day whose span of `days` days contains `day`.
fn earliest_span_start(day: i32, days: u32) -> i32 {
    day.saturating_sub_unsigned(days - 1)
}
