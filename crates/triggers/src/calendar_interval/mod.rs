//! Every so many days, weeks, months or years.

mod builder;
mod dates;

use std::fmt;

use punctual_core::{Jitter, Oddity, Timestamp, Trigger, TriggerError, TriggerSpec, Zone};
use serde::{Deserialize, Serialize};

use crate::builder::{Extras, earliest, same_but_for_clock, stored};
use crate::civil::{DAY, Fold, Gap, LAST_DAY, Timeline, WallTimes};
use crate::input::day_text;
pub use builder::CalendarIntervalTriggerBuilder;
use dates::Dates;

/// Fires at a time of day on dates that are whole days, weeks, months or years apart.
///
/// Dates are counted from `start_date` on. Months and years keep the day of the month; a month that does not have
/// that day is left out. Days and weeks are added after months and years.
///
/// ```
/// use punctual_core::{Timestamp, Trigger};
/// use punctual_triggers::CalendarIntervalTrigger;
///
/// let trigger = CalendarIntervalTrigger::months(1)
///     .hour(12).start_date("2026-01-31").timezone("UTC").build()?;
/// let first = trigger.next_fire_time(None, Timestamp::UNIX_EPOCH).unwrap();
/// let second = trigger.next_fire_time(Some(first), first).unwrap();
/// assert_eq!(second.to_string(), "2026-03-31T12:00:00Z");
/// # Ok::<(), punctual_core::TriggerError>(())
/// ```
///
/// Unless told otherwise, a time that the clock skips comes later by the length of the gap, and of one that the
/// clock shows twice the first pass counts.
#[derive(Clone, Debug)]
pub struct CalendarIntervalTrigger {
    walls: DailyTime,
    timeline: Timeline,
    stored: Box<Stored>,
}

/// The stored form.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stored {
    months: u32,
    days: u32,
    /// In seconds since midnight.
    time: u32,
    /// As days since 1970-01-01.
    start_day: i32,
    /// Whether the start was the day of the clock: then it is no part of what was described.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    from_clock: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end_day: Option<i32>,
    timezone: Zone,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gap: Option<Gap>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fold: Option<Fold>,
    #[serde(flatten)]
    extras: Extras,
}

impl CalendarIntervalTrigger {
    pub(crate) const KIND: &str = "calendarinterval";
    const VERSION: u32 = 1;

    pub(crate) fn restore(spec: &TriggerSpec) -> Result<Self, TriggerError> {
        Self::of(spec.decode(Self::VERSION)?)
    }

    fn of(stored: Stored) -> Result<Self, TriggerError> {
        let invalid = |field, value: String, reason: &str| {
            Err(TriggerError::invalid_field(field, value, 1, reason))
        };
        let first = crate::civil::day_of(1, 1, 1);
        if !(first..=LAST_DAY).contains(&stored.start_day) {
            let value = stored.start_day.to_string();
            return invalid("start_date", value, "allowed: the years 1 to 9999");
        }
        if i64::from(stored.time) >= DAY {
            return invalid("time", stored.time.to_string(), "allowed: 0-86399 seconds");
        }
        if stored.months == 0 && stored.days == 0 {
            return invalid("interval", "0 days".to_owned(), "it must be at least a day long");
        }
        if let Some(end) = stored.end_day.filter(|&end| end < stored.start_day) {
            let start = day_text(stored.start_day);
            return invalid("end_date", day_text(end), &format!("it is before start_date {start}"));
        }
        let last = stored.end_day.unwrap_or(LAST_DAY).min(LAST_DAY);
        let dates = Dates::new(stored.start_day, last, stored.months, stored.days);
        Ok(Self {
            walls: DailyTime { dates, time: i64::from(stored.time) },
            timeline: Timeline {
                zone: stored.timezone.clone(),
                gap: stored.gap.unwrap_or(Gap::Shift),
                fold: stored.fold.unwrap_or(Fold::First),
            },
            stored: Box::new(stored),
        })
    }
}

/// A time of day on every one of the dates.
#[derive(Clone, Debug)]
struct DailyTime {
    dates: Dates,
    time: i64,
}

impl WallTimes for DailyTime {
    fn at_or_after(&self, civil: i64) -> Option<i64> {
        let day = -(self.time - civil).div_euclid(DAY);
        self.dates.at_or_after(clamp(day)).map(|day| i64::from(day) * DAY + self.time)
    }

    fn at_or_before(&self, civil: i64) -> Option<i64> {
        let day = (civil - self.time).div_euclid(DAY);
        self.dates.at_or_before(clamp(day)).map(|day| i64::from(day) * DAY + self.time)
    }
}

/// The instant, unless it lies outside the years 1 to 9999 of UTC: local dates of these years can.
fn instant(seconds: i64) -> Option<Timestamp> {
    let instant = Timestamp::from_seconds(seconds);
    (instant.as_micros() == seconds * 1_000_000).then_some(instant)
}

fn clamp(day: i64) -> i32 {
    i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX })
}

impl Trigger for CalendarIntervalTrigger {
    fn next_fire_time(&self, previous: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let from = earliest(previous, now).as_micros();
        let seconds = self.timeline.at_or_after(&self.walls, -(-from).div_euclid(1_000_000))?;
        instant(seconds).filter(|&fire| previous != Some(fire))
    }

    fn latest_fire_time(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let until = until.as_micros().div_euclid(1_000_000);
        let latest = self.timeline.at_or_before(&self.walls, until).and_then(instant);
        latest.filter(|&latest| latest >= from)
    }

    fn zone(&self) -> Option<&Zone> {
        Some(&self.timeline.zone)
    }

    fn jitter(&self) -> Option<Jitter> {
        self.stored.extras.jitter
    }

    fn max_runs(&self) -> Option<u64> {
        self.stored.extras.max_runs
    }

    fn oddities(&self, from: Timestamp, until: Timestamp) -> Vec<Oddity> {
        self.timeline.oddities(&self.walls, from, until)
    }

    fn spec(&self) -> TriggerSpec {
        stored(Self::KIND, Self::VERSION, &self.stored)
    }

    fn is_same_as(&self, stored: &TriggerSpec) -> bool {
        same_but_for_clock(&self.spec(), stored, "start_day")
    }
}

impl fmt::Display for CalendarIntervalTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stored { months, days, time, .. } = *self.stored;
        f.write_str("calendarinterval[")?;
        for (count, unit) in [
            (months / 12, "years"),
            (months % 12, "months"),
            (days / 7, "weeks"),
            (days % 7, "days"),
        ] {
            if count > 0 {
                write!(f, "{unit}={count}, ")?;
            }
        }
        write!(f, "time='{:02}:{:02}:{:02}']", time / 3600, time / 60 % 60, time % 60)
    }
}
