//! How a calendar interval trigger is described.

use punctual_core::TriggerError;

use super::{CalendarIntervalTrigger, Stored};
use crate::builder::{Defaults, Settings, builder_is_into_trigger, builder_methods};
use crate::civil::{Fold, Gap};
use crate::input::DateTimeInput;

/// Makes a [`CalendarIntervalTrigger`]; see [`CalendarIntervalTrigger::months`] and its siblings.
///
/// Units add up: `CalendarIntervalTrigger::months(1).days(3)`. The time of day is midnight unless it is told, and
/// the start is today in the trigger's zone.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built or added"]
pub struct CalendarIntervalTriggerBuilder {
    /// None if they became too many.
    months: Option<u32>,
    days: Option<u32>,
    hour: u32,
    minute: u32,
    second: u32,
    gap: Option<Gap>,
    fold: Option<Fold>,
    settings: Settings,
}

macro_rules! units {
    ($($unit:ident: $field:ident * $factor:literal;)*) => {
        impl CalendarIntervalTrigger {
            $(
                #[doc = concat!("Begins a trigger that fires every so many ", stringify!($unit), ".")]
                pub fn $unit($unit: u32) -> CalendarIntervalTriggerBuilder {
                    CalendarIntervalTriggerBuilder::new().$unit($unit)
                }
            )*
        }

        impl CalendarIntervalTriggerBuilder {
            $(
                #[doc = concat!("Makes the interval so many ", stringify!($unit), " longer.")]
                pub fn $unit(mut self, $unit: u32) -> Self {
                    let more = $unit.checked_mul($factor);
                    self.$field =
                        self.$field.zip(more).and_then(|(so_far, more)| so_far.checked_add(more));
                    self
                }
            )*
        }
    };
}
units! {
    years: months * 12;
    months: months * 1;
    weeks: days * 7;
    days: days * 1;
}

impl CalendarIntervalTriggerBuilder {
    fn new() -> Self {
        Self {
            months: Some(0),
            days: Some(0),
            hour: 0,
            minute: 0,
            second: 0,
            gap: None,
            fold: None,
            settings: Settings::default(),
        }
    }

    /// The hour of the day: 0 to 23.
    pub fn hour(mut self, hour: u32) -> Self {
        self.hour = hour;
        self
    }

    /// The minute of the hour: 0 to 59.
    pub fn minute(mut self, minute: u32) -> Self {
        self.minute = minute;
        self
    }

    /// The second of the minute: 0 to 59.
    pub fn second(mut self, second: u32) -> Self {
        self.second = second;
        self
    }

    /// The first date, from which the others are counted.
    pub fn start_date(mut self, start: impl Into<DateTimeInput>) -> Self {
        self.settings.start = Some(start.into());
        self
    }

    /// The last possible date.
    pub fn end_date(mut self, end: impl Into<DateTimeInput>) -> Self {
        self.settings.end = Some(end.into());
        self
    }

    /// What happens on a date on which the clock skips the time. Default: [`Gap::Shift`].
    pub fn gap(mut self, gap: Gap) -> Self {
        self.gap = Some(gap);
        self
    }

    /// What happens on a date on which the clock shows the time twice. Default: [`Fold::First`].
    pub fn fold(mut self, fold: Fold) -> Self {
        self.fold = Some(fold);
        self
    }

    builder_methods!(CalendarIntervalTrigger: timezone, jitter, max_runs);

    fn finish(self, defaults: Defaults<'_>) -> Result<CalendarIntervalTrigger, TriggerError> {
        let invalid =
            |field, value: String, reason| TriggerError::invalid_field(field, value, 1, reason);
        for (field, value, max) in
            [("hour", self.hour, 23), ("minute", self.minute, 59), ("second", self.second, 59)]
        {
            if value > max {
                return Err(invalid(field, value.to_string(), format!("allowed: 0-{max}")));
            }
        }
        // Anything larger than the calendar is the same: no second fire.
        let (months, days) = self.months.zip(self.days).ok_or_else(|| {
            let reason = "an interval must fit the years 1 to 9999".to_owned();
            invalid("interval", "more than 4,294,967,295 units".to_owned(), reason)
        })?;
        let timezone = self.settings.zone(defaults)?;
        let today = || DateTimeInput::from(defaults.now());
        let start = self.settings.start.clone().unwrap_or_else(today);
        let end = self.settings.end.as_ref();
        CalendarIntervalTrigger::of(Stored {
            months,
            days,
            time: self.hour * 3600 + self.minute * 60 + self.second,
            start_day: start.day("start_date", &timezone)?,
            from_clock: self.settings.start.is_none(),
            end_day: end.map(|end| end.day("end_date", &timezone)).transpose()?,
            timezone,
            gap: self.gap,
            fold: self.fold,
            extras: self.settings.extras()?,
        })
    }
}

builder_is_into_trigger!(CalendarIntervalTriggerBuilder);
