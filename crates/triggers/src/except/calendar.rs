//! Exclusion calendars.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use chrono::{NaiveDate, Weekday};
use punctual_core::{IntoTrigger, Trigger, TriggerDefaults, TriggerError, Zone};

use super::days::ExcludedDays;
use super::range::DateRange;
use crate::cron::{CronValue, weekdays};
use crate::input::DateTimeInput;

/// A set of days and instants at which a trigger must not fire; see [`ExceptExt::except`](crate::ExceptExt::except).
///
/// Days are days in the zone of the trigger. A calendar can be used for several triggers.
///
/// ```
/// use punctual_triggers::{Calendar, CronTrigger};
///
/// let closed = Calendar::new()
///     .weekdays("sat,sun")
///     .date("2026-05-01")
///     .dates("2026-07-01", "2026-07-31")
///     // Midsummer's Eve in Finland: the Friday from the 19th to the 25th of June.
///     .days_of(CronTrigger::builder().month(6).day("19-25").day_of_week("fri"));
/// # let _ = closed;
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a calendar does nothing until it is given to a trigger"]
pub struct Calendar {
    weekdays: Vec<CronValue>,
    dates: Vec<(DateTimeInput, DateTimeInput)>,
    days_of: Vec<(TriggerFactory, u32)>,
    fires_of: Vec<TriggerFactory>,
}

type TriggerFactoryFn =
    dyn Fn(&TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError> + Send + Sync;

/// Builds a trigger, any number of times.
#[derive(Clone)]
struct TriggerFactory(Arc<TriggerFactoryFn>);

impl TriggerFactory {
    fn new(trigger: impl IntoTrigger + Clone + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |defaults| trigger.clone().into_trigger(defaults)))
    }
}

impl fmt::Debug for TriggerFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a trigger that is not built yet")
    }
}

impl Calendar {
    /// Returns an empty calendar.
    pub fn new() -> Self {
        Self::default()
    }

    /// Excludes weekdays, in the format of the field `day_of_week` of a cron trigger: `"sat,sun"`, `5..=6`,
    /// `chrono::Weekday::Sun`.
    pub fn weekdays(mut self, weekdays: impl Into<CronValue>) -> Self {
        self.weekdays.push(weekdays.into());
        self
    }

    /// Excludes a date.
    pub fn date(mut self, date: impl Into<DateTimeInput>) -> Self {
        let date = date.into();
        self.dates.push((date.clone(), date));
        self
    }

    /// Excludes all dates from `first` to `last`, both inclusive.
    pub fn dates(
        mut self,
        first: impl Into<DateTimeInput>,
        last: impl Into<DateTimeInput>,
    ) -> Self {
        self.dates.push((first.into(), last.into()));
        self
    }

    /// Excludes every day on which another trigger fires.
    pub fn days_of(self, trigger: impl IntoTrigger + Clone + Send + Sync + 'static) -> Self {
        self.days_from(trigger, 1)
    }

    /// Excludes `days` days for each fire time of another trigger: the day on which it fires and the following ones.
    pub fn days_from(
        mut self,
        trigger: impl IntoTrigger + Clone + Send + Sync + 'static,
        days: u32,
    ) -> Self {
        self.days_of.push((TriggerFactory::new(trigger), days));
        self
    }

    /// Excludes the exact instants at which another trigger fires. Other instants of these days are not excluded.
    pub fn fires_of(mut self, trigger: impl IntoTrigger + Clone + Send + Sync + 'static) -> Self {
        self.fires_of.push(TriggerFactory::new(trigger));
        self
    }

    /// Also excludes everything that `other` excludes: the union of both calendars.
    pub fn or(mut self, other: impl Into<Self>) -> Self {
        let other = other.into();
        self.weekdays.extend(other.weekdays);
        self.dates.extend(other.dates);
        self.days_of.extend(other.days_of);
        self.fires_of.extend(other.fires_of);
        self
    }

    /// Returns whether the calendar excludes nothing.
    #[cfg(feature = "ical")]
    pub(super) fn is_empty(&self) -> bool {
        let Self { weekdays, dates, days_of, fires_of } = self;
        weekdays.is_empty() && dates.is_empty() && days_of.is_empty() && fires_of.is_empty()
    }

    /// Returns the excluded days in `zone`, and the triggers whose fire times are excluded instants.
    pub(super) fn resolve(
        self,
        zone: &Zone,
        defaults: &TriggerDefaults,
    ) -> Result<(ExcludedDays, Vec<Arc<dyn Trigger>>), TriggerError> {
        let days = ExcludedDays {
            zone: zone.clone(),
            weekdays: self
                .weekdays
                .iter()
                .try_fold(0, |all, value| Ok::<_, TriggerError>(all | weekdays(value)?))?,
            ranges: DateRange::join(
                self.dates
                    .iter()
                    .map(|(first, last)| DateRange::new(first, last, zone))
                    .collect::<Result<_, _>>()?,
            ),
            triggers: self
                .days_of
                .into_iter()
                .map(|(TriggerFactory(build), days)| Ok((build(defaults)?, check_length(days)?)))
                .collect::<Result<_, TriggerError>>()?,
        };
        let instants = self.fires_of.into_iter().map(|TriggerFactory(build)| build(defaults));
        Ok((days, instants.collect::<Result<_, _>>()?))
    }
}

/// Returns an error if a span of days is empty or longer than the years 1 to 9999.
pub(super) fn check_length(days: u32) -> Result<u32, TriggerError> {
    const LONGEST: u32 = 3_652_059;
    if (1..=LONGEST).contains(&days) {
        return Ok(days);
    }
    let reason = format!("allowed: 1-{LONGEST}");
    Err(TriggerError::invalid_field("days", days.to_string(), 1, reason))
}

impl From<NaiveDate> for Calendar {
    fn from(date: NaiveDate) -> Self {
        Self::new().date(date)
    }
}

impl From<RangeInclusive<NaiveDate>> for Calendar {
    fn from(dates: RangeInclusive<NaiveDate>) -> Self {
        Self::new().dates(*dates.start(), *dates.end())
    }
}

impl From<Weekday> for Calendar {
    fn from(weekday: Weekday) -> Self {
        Self::new().weekdays(weekday)
    }
}
