//! Fires that move from excluded days to the next day that is not.

use punctual_core::{Timestamp, Trigger};

use super::days::ExcludedDays;
use crate::builder::first_from;
use crate::civil::{DAY, WallTimes, bounds, day_at};
use crate::steps::Steps;

/// The wall times on the day `landing` to which fires move from the excluded days just before it: their
/// times of day, to the second.
pub(super) struct Moved<'t> {
    pub(super) trigger: &'t dyn Trigger,
    pub(super) days: &'t ExcludedDays,
    /// A day that is not excluded.
    pub(super) landing: i32,
    pub(super) steps: &'t Steps,
}

impl WallTimes for Moved<'_> {
    fn at_or_after(&self, civil: i64) -> Option<i64> {
        let midnight = i64::from(self.landing) * DAY;
        let earliest = (civil - midnight).max(0);
        let mut first = None;
        let mut day = self.days.run_before(self.landing, self.steps);
        while earliest < DAY && day < self.landing {
            self.steps.take()?;
            let Some(fire) = first_from(self.trigger, bounds(&self.days.zone, day).0) else {
                break;
            };
            day = day_at(&self.days.zone, fire).max(day);
            if day < self.landing {
                let time = self.first_time(day, earliest);
                first = first.into_iter().chain(time).min();
                day += 1;
            }
        }
        first.map(|time| midnight + time)
    }

    fn at_or_before(&self, civil: i64) -> Option<i64> {
        let midnight = i64::from(self.landing) * DAY;
        let latest = (civil - midnight).min(DAY - 1);
        let mut last = None;
        let run = self.days.run_before(self.landing, self.steps);
        let (start, _) = bounds(&self.days.zone, run);
        let mut day = self.landing - 1;
        while latest >= 0 && day >= run {
            self.steps.take()?;
            let (_, end) = bounds(&self.days.zone, day);
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

impl Moved<'_> {
    /// The first time of `day`, not before `earliest`, at which the trigger fires.
    fn first_time(&self, day: i32, earliest: i64) -> Option<i64> {
        let times = self.stretches(day).filter_map(|stretch| {
            let from = stretch.start.max(stretch.instant(earliest));
            let fire = first_from(self.trigger, Timestamp::from_seconds(from))?;
            stretch.time(fire)
        });
        times.min()
    }

    /// The last time of `day`, not after `latest`, at which the trigger fires.
    fn last_time(&self, day: i32, latest: i64) -> Option<i64> {
        let times = self.stretches(day).filter_map(|stretch| {
            let until = stretch.end.min(stretch.instant(latest));
            let until = Timestamp::from_seconds(until).saturating_add_micros(999_999);
            let from = Timestamp::from_seconds(stretch.start);
            stretch.time(self.trigger.latest_fire_time(from, until)?)
        });
        times.max()
    }

    /// The stretches of `day` without a clock change: in each of them, later is later on the wall.
    fn stretches(&self, day: i32) -> impl Iterator<Item = Stretch> {
        let zone = &self.days.zone;
        let seconds = |instant: Timestamp| instant.as_micros().div_euclid(1_000_000);
        let (start, end) = bounds(zone, day);
        let mut next = seconds(start);
        let midnight = i64::from(day) * DAY;
        std::iter::from_fn(move || {
            (next <= seconds(end)).then(|| {
                let span = zone.span_at(next);
                let stretch = Stretch {
                    start: next,
                    end: seconds(end).min(span.end.saturating_sub(1)),
                    midnight: midnight - i64::from(span.offset),
                };
                next = span.end;
                stretch
            })
        })
    }
}

/// A part of a day, in UTC seconds.
struct Stretch {
    start: i64,
    /// Its last second.
    end: i64,
    /// When it was, or would have been, midnight by the clock of this stretch.
    midnight: i64,
}

impl Stretch {
    /// When the clock shows that time of day.
    fn instant(&self, time: i64) -> i64 {
        self.midnight + time
    }

    /// The time of day that the clock shows at an instant of this stretch.
    fn time(&self, instant: Timestamp) -> Option<i64> {
        let seconds = instant.as_micros().div_euclid(1_000_000);
        let time = seconds - self.midnight;
        ((self.start..=self.end).contains(&seconds) && (0..DAY).contains(&time)).then_some(time)
    }
}
