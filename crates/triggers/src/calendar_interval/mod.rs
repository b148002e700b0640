//! The calendar interval trigger: fires every `n` days, weeks, months or years.

mod builder;
mod dates;

use std::any::Any;
use std::fmt;

use punctual_core::{FireTimeAnomaly, Jitter, Timestamp, Trigger, TriggerError, TriggerSpec, Zone};
use serde::{Deserialize, Serialize};

use crate::builder::{RunSettings, encode_spec, equal_ignoring_default_start, search_start};
use crate::civil::{Fold, Gap, LAST_DAY, LocalTimeResolver, LocalTimeSet, SECONDS_PER_DAY};
use crate::input::day_text;
pub use builder::CalendarIntervalTriggerBuilder;
use dates::DateSequence;

/// Fires at a local time of day on dates that are a whole number of days, weeks, months or years apart.
///
/// Dates are computed from `start_date`. Months and years keep the day of the month; months without that day are
/// skipped. Days and weeks are added after months and years.
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
/// By default, a local time in a DST gap is shifted forward by the length of the gap, and the trigger fires at the
/// first occurrence of an ambiguous local time.
#[derive(Clone, Debug)]
pub struct CalendarIntervalTrigger {
    local_times: DatesAtTime,
    resolver: LocalTimeResolver,
    stored: Box<Stored>,
}

/// The stored form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stored {
    months: u32,
    days: u32,
    /// The time of day in seconds since midnight.
    time: u32,
    /// The first date in days since 1970-01-01.
    start_day: i32,
    /// Whether the start date defaulted to the current date. If so, it is ignored when specs are compared.
    #[serde(rename = "from_clock", default, skip_serializing_if = "std::ops::Not::not")]
    start_is_default: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end_day: Option<i32>,
    timezone: Zone,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gap: Option<Gap>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fold: Option<Fold>,
    #[serde(flatten)]
    run_settings: RunSettings,
}

impl CalendarIntervalTrigger {
    pub(crate) const KIND: &str = "calendarinterval";
    const VERSION: u32 = 1;

    pub(crate) fn restore(spec: &TriggerSpec) -> Result<Self, TriggerError> {
        Self::from_stored(spec.decode(Self::VERSION)?)
    }

    fn from_stored(stored: Stored) -> Result<Self, TriggerError> {
        let invalid = |field, value: String, reason: &str| {
            Err(TriggerError::invalid_field(field, value, 1, reason))
        };
        let first = crate::civil::day_number(1, 1, 1);
        if !(first..=LAST_DAY).contains(&stored.start_day) {
            let value = stored.start_day.to_string();
            return invalid("start_date", value, "allowed: the years 1 to 9999");
        }
        if i64::from(stored.time) >= SECONDS_PER_DAY {
            return invalid("time", stored.time.to_string(), "allowed: 0-86399 seconds");
        }
        if stored.months == 0 && stored.days == 0 {
            return invalid("interval", "0 days".to_owned(), "must be at least one day");
        }
        if let Some(end) = stored.end_day.filter(|&end| end < stored.start_day) {
            let start = day_text(stored.start_day);
            return invalid(
                "end_date",
                day_text(end),
                &format!("must not be before start_date {start}"),
            );
        }
        let last = stored.end_day.unwrap_or(LAST_DAY).min(LAST_DAY);
        let dates = DateSequence::new(stored.start_day, last, stored.months, stored.days);
        Ok(Self {
            local_times: DatesAtTime { dates, time: i64::from(stored.time) },
            resolver: LocalTimeResolver {
                zone: stored.timezone.clone(),
                gap: stored.gap.unwrap_or(Gap::Shift),
                fold: stored.fold.unwrap_or(Fold::First),
            },
            stored: Box::new(stored),
        })
    }
}

/// The dates of a sequence, each at the same time of day.
#[derive(Clone, Debug)]
struct DatesAtTime {
    dates: DateSequence,
    time: i64,
}

impl LocalTimeSet for DatesAtTime {
    fn at_or_after(&self, civil: i64) -> Option<i64> {
        let day = -(self.time - civil).div_euclid(SECONDS_PER_DAY);
        self.dates.at_or_after(clamp(day)).map(|day| i64::from(day) * SECONDS_PER_DAY + self.time)
    }

    fn at_or_before(&self, civil: i64) -> Option<i64> {
        let day = (civil - self.time).div_euclid(SECONDS_PER_DAY);
        self.dates.at_or_before(clamp(day)).map(|day| i64::from(day) * SECONDS_PER_DAY + self.time)
    }
}

/// Returns the instant, or `None` if it is outside the years 1 to 9999 in UTC. An instant with a local date in these
/// years can be outside.
fn checked_timestamp(seconds: i64) -> Option<Timestamp> {
    let instant = Timestamp::from_seconds(seconds);
    (instant.as_micros() == seconds * 1_000_000).then_some(instant)
}

fn clamp(day: i64) -> i32 {
    i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX })
}

impl Trigger for CalendarIntervalTrigger {
    fn next_fire_time(&self, previous: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let from = search_start(previous, now).as_micros();
        let seconds =
            self.resolver.at_or_after(&self.local_times, -(-from).div_euclid(1_000_000))?;
        checked_timestamp(seconds).filter(|&fire| previous != Some(fire))
    }

    fn latest_fire_time(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let until = until.as_micros().div_euclid(1_000_000);
        let latest =
            self.resolver.at_or_before(&self.local_times, until).and_then(checked_timestamp);
        latest.filter(|&latest| latest >= from)
    }

    fn window(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let last =
            self.stored.end_day.and_then(|_| self.latest_fire_time(Timestamp::MIN, Timestamp::MAX));
        (None, last)
    }

    fn zone(&self) -> Option<&Zone> {
        Some(&self.resolver.zone)
    }

    fn jitter(&self) -> Option<Jitter> {
        self.stored.run_settings.jitter
    }

    fn max_runs(&self) -> Option<u64> {
        self.stored.run_settings.max_runs
    }

    fn anomalies(&self, from: Timestamp, until: Timestamp) -> Vec<FireTimeAnomaly> {
        self.resolver.anomalies(&self.local_times, from, until)
    }

    fn is_same(&self, other: &dyn Trigger) -> bool {
        let other = (other as &dyn Any).downcast_ref::<Self>();
        other.is_some_and(|other| self.stored == other.stored)
    }

    fn spec(&self) -> TriggerSpec {
        encode_spec(Self::KIND, Self::VERSION, &self.stored)
    }

    fn matches_spec(&self, stored: &TriggerSpec) -> bool {
        equal_ignoring_default_start(&self.spec(), stored, "start_day")
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
