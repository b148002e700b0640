//! Which days are excluded.

use std::sync::Arc;

use punctual_core::{Trigger, Zone};

use super::range::DateRange;
use crate::builder::first_from;
use crate::civil::{LAST_DAY, bounds, day_of, weekday};
use crate::steps::Steps;

const FIRST_DAY: i32 = day_of(1, 1, 1);

/// The excluded days, in a zone.
#[derive(Clone, Debug)]
pub(super) struct ExcludedDays {
    pub(super) zone: Zone,
    /// Bit 0 is Monday.
    pub(super) weekdays: u8,
    /// Sorted, with free days in between.
    pub(super) ranges: Vec<DateRange>,
    /// Days on which a trigger fires, and so many days from there.
    pub(super) triggers: Vec<(Arc<dyn Trigger>, u32)>,
}

impl ExcludedDays {
    pub(super) fn contains(&self, day: i32) -> bool {
        self.weekdays >> weekday(day) & 1 != 0
            || self.range_at(day).is_ok()
            || self.triggers.iter().any(|rule| self.covers(rule, day))
    }

    /// The range that contains the day, or else the first one after it.
    fn range_at(&self, day: i32) -> Result<DateRange, Option<DateRange>> {
        let index = self.ranges.partition_point(|range| range.last < day);
        match self.ranges.get(index) {
            Some(&range) if range.first <= day => Ok(range),
            after => Err(after.copied()),
        }
    }

    /// Whether the trigger fires on one of the days that reach to `day`.
    fn covers(&self, (trigger, days): &(Arc<dyn Trigger>, u32), day: i32) -> bool {
        let (start, _) = bounds(&self.zone, first_reaching(day, *days));
        let (_, end) = bounds(&self.zone, day);
        first_from(trigger, start).is_some_and(|fire| fire <= end)
    }

    /// The first day from `day` on that is not excluded.
    pub(super) fn next_free(&self, mut day: i32, steps: &Steps) -> Option<i32> {
        while self.contains(day) {
            steps.take()?;
            day = self.range_at(day).map_or(day, |range| range.last) + 1;
        }
        (day <= LAST_DAY).then_some(day)
    }

    /// The first of the excluded days that lie just before `day`; `day` itself if there are none.
    pub(super) fn run_before(&self, day: i32, steps: &Steps) -> i32 {
        let free = self.previous_free(day - 1, steps);
        free.map_or(FIRST_DAY, |free| free + 1)
    }

    /// The last day up to `day` that is not excluded.
    pub(super) fn previous_free(&self, mut day: i32, steps: &Steps) -> Option<i32> {
        while self.contains(day) {
            steps.take()?;
            day = self.range_at(day).map_or(day, |range| range.first) - 1;
        }
        (day >= FIRST_DAY).then_some(day)
    }
}

/// The first of the days from which a stretch of so many days reaches to `day`.
fn first_reaching(day: i32, days: u32) -> i32 {
    day.saturating_sub_unsigned(days - 1)
}
