//! Local times that are postponed from excluded days.

use punctual_core::{Timestamp, Trigger};

use super::days::ExcludedDays;
use crate::builder::first_fire_at_or_after;
use crate::civil::{LocalTimeSet, SECONDS_PER_DAY, day_at, day_bounds};
use crate::search_budget::SearchBudget;

/// The local times on `target_day` to which the fire times in the block of excluded days immediately before it are
/// postponed: the same times of day, truncated to seconds.
pub(super) struct PostponedTimes<'t> {
    pub(super) trigger: &'t dyn Trigger,
    pub(super) days: &'t ExcludedDays,
    /// An included day.
    pub(super) target_day: i32,
    pub(super) budget: &'t SearchBudget,
}

impl LocalTimeSet for PostponedTimes<'_> {
    fn at_or_after(&self, civil: i64) -> Option<i64> {
        let midnight = i64::from(self.target_day) * SECONDS_PER_DAY;
        let earliest = (civil - midnight).max(0);
        let mut first = None;
        let mut day = self.days.excluded_block_start(self.target_day, self.budget);
        while earliest < SECONDS_PER_DAY && day < self.target_day {
            self.budget.consume()?;
            let Some(fire) =
                first_fire_at_or_after(self.trigger, day_bounds(&self.days.zone, day).0)
            else {
                break;
            };
            day = day_at(&self.days.zone, fire).max(day);
            if day < self.target_day {
                let time = self.first_time(day, earliest);
                first = first.into_iter().chain(time).min();
                day += 1;
            }
        }
        first.map(|time| midnight + time)
    }

    fn at_or_before(&self, civil: i64) -> Option<i64> {
        let midnight = i64::from(self.target_day) * SECONDS_PER_DAY;
        let latest = (civil - midnight).min(SECONDS_PER_DAY - 1);
        let mut last = None;
        let block_start = self.days.excluded_block_start(self.target_day, self.budget);
        let (start, _) = day_bounds(&self.days.zone, block_start);
        let mut day = self.target_day - 1;
        while latest >= 0 && day >= block_start {
            self.budget.consume()?;
            let (_, end) = day_bounds(&self.days.zone, day);
            let Some(fire) = self.trigger.latest_fire_time(start, end) else {
                break;
            };
            day = day_at(&self.days.zone, fire).min(day);
            let time = self.last_time(day, latest);
            last = last.into_iter().chain(time).max();
            day -= 1;
        }
        last.map(|time| midnight + time)
    }
}

impl PostponedTimes<'_> {
    /// Returns the first time of day at or after `earliest` at which the trigger fires on `day`.
    fn first_time(&self, day: i32, earliest: i64) -> Option<i64> {
        let times = self.segments(day).filter_map(|segment| {
            let from = segment.start.max(segment.instant(earliest));
            let fire = first_fire_at_or_after(self.trigger, Timestamp::from_seconds(from))?;
            segment.time(fire)
        });
        times.min()
    }

    /// Returns the last time of day at or before `latest` at which the trigger fires on `day`.
    fn last_time(&self, day: i32, latest: i64) -> Option<i64> {
        let times = self.segments(day).filter_map(|segment| {
            let until = segment.end.min(segment.instant(latest));
            let until = Timestamp::from_seconds(until).saturating_add_micros(999_999);
            let from = Timestamp::from_seconds(segment.start);
            segment.time(self.trigger.latest_fire_time(from, until)?)
        });
        times.max()
    }

    /// Iterates over the segments of `day` with a constant offset. Within a segment, the order of local times is the
    /// order of instants.
    fn segments(&self, day: i32) -> impl Iterator<Item = DaySegment> {
        let zone = &self.days.zone;
        let seconds = |instant: Timestamp| instant.as_micros().div_euclid(1_000_000);
        let (start, end) = day_bounds(zone, day);
        let mut next = seconds(start);
        let midnight = i64::from(day) * SECONDS_PER_DAY;
        std::iter::from_fn(move || {
            (next <= seconds(end)).then(|| {
                let span = zone.span_at(next);
                let segment = DaySegment {
                    start: next,
                    end: seconds(end).min(span.end.saturating_sub(1)),
                    midnight: midnight - i64::from(span.offset),
                };
                next = span.end;
                segment
            })
        })
    }
}

/// A part of a day with a constant offset, in UTC seconds.
struct DaySegment {
    start: i64,
    /// The last second.
    end: i64,
    /// The instant of midnight at the offset of this segment, which may be outside of the segment.
    midnight: i64,
}

impl DaySegment {
    /// Returns the instant of a time of day at the offset of this segment.
    fn instant(&self, time: i64) -> i64 {
        self.midnight + time
    }

    /// Returns the time of day of an instant, or `None` if the instant is not in this segment and day.
    fn time(&self, instant: Timestamp) -> Option<i64> {
        let seconds = instant.as_micros().div_euclid(1_000_000);
        let time = seconds - self.midnight;
        ((self.start..=self.end).contains(&seconds) && (0..SECONDS_PER_DAY).contains(&time))
            .then_some(time)
    }
}
