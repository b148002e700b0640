//! The builder of the calendar interval trigger.

use punctual_core::TriggerError;

use super::{CalendarIntervalTrigger, Stored};
use crate::builder::{CommonSettings, DefaultsSource, builder_is_into_trigger, builder_methods};
use crate::civil::{Fold, Gap};
use crate::input::DateTimeInput;

/// Builder for [`CalendarIntervalTrigger`]; see [`CalendarIntervalTrigger::months`] and the other units.
///
/// Units are added: `CalendarIntervalTrigger::months(1).days(3)`. The default time of day is midnight; the default
/// start is the current date in the zone of the trigger.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built or added"]
pub struct CalendarIntervalTriggerBuilder {
    /// `None` on overflow, as with `days`.
    months: Option<u32>,
    days: Option<u32>,
    hour: u32,
    minute: u32,
    second: u32,
    gap: Option<Gap>,
    fold: Option<Fold>,
    settings: CommonSettings,
}

macro_rules! units {
    ($($unit:ident: $field:ident * $factor:literal;)*) => {
        impl CalendarIntervalTrigger {
            $(
                #[doc = concat!("Returns a builder for a trigger that fires every `", stringify!($unit), "` ", stringify!($unit), ".")]
                pub fn $unit($unit: u32) -> CalendarIntervalTriggerBuilder {
                    CalendarIntervalTriggerBuilder::new().$unit($unit)
                }
            )*
        }

        impl CalendarIntervalTriggerBuilder {
            $(
                #[doc = concat!("Adds this number of ", stringify!($unit), " to the interval.")]
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
            settings: CommonSettings::default(),
        }
    }

    /// Sets the hour of the day: 0 to 23. Default: 0.
    pub fn hour(mut self, hour: u32) -> Self {
        self.hour = hour;
        self
    }

    /// Sets the minute of the hour: 0 to 59. Default: 0.
    pub fn minute(mut self, minute: u32) -> Self {
        self.minute = minute;
        self
    }

    /// Sets the second of the minute: 0 to 59. Default: 0.
    pub fn second(mut self, second: u32) -> Self {
        self.second = second;
        self
    }

    /// Sets the first date, from which the following dates are computed.
    pub fn start_date(mut self, start: impl Into<DateTimeInput>) -> Self {
        self.settings.start = Some(start.into());
        self
    }

    /// Sets the last date on which the trigger may fire.
    pub fn end_date(mut self, end: impl Into<DateTimeInput>) -> Self {
        self.settings.end = Some(end.into());
        self
    }

    /// Sets the policy for dates on which the time of day is in a DST gap. Default: [`Gap::Shift`].
    pub fn gap(mut self, gap: Gap) -> Self {
        self.gap = Some(gap);
        self
    }

    /// Sets the policy for dates on which the time of day is ambiguous (DST fold). Default: [`Fold::First`].
    pub fn fold(mut self, fold: Fold) -> Self {
        self.fold = Some(fold);
        self
    }

    builder_methods!(CalendarIntervalTrigger: timezone, jitter, max_runs);

    fn build_with(
        self,
        defaults: DefaultsSource<'_>,
    ) -> Result<CalendarIntervalTrigger, TriggerError> {
        let invalid =
            |field, value: String, reason| TriggerError::invalid_field(field, value, 1, reason);
        for (field, value, max) in
            [("hour", self.hour, 23), ("minute", self.minute, 59), ("second", self.second, 59)]
        {
            if value > max {
                return Err(invalid(field, value.to_string(), format!("allowed: 0-{max}")));
            }
        }
        // Any interval that exceeds the calendar has the same effect: there is no second fire time.
        let (months, days) = self.months.zip(self.days).ok_or_else(|| {
            let reason = "the interval must fit into the years 1 to 9999".to_owned();
            invalid("interval", "more than 4,294,967,295 units".to_owned(), reason)
        })?;
        let timezone = self.settings.zone(defaults)?;
        let today = || DateTimeInput::from(defaults.now());
        let start = self.settings.start.clone().unwrap_or_else(today);
        let end = self.settings.end.as_ref();
        CalendarIntervalTrigger::from_stored(Stored {
            months,
            days,
            time: self.hour * 3600 + self.minute * 60 + self.second,
            start_day: start.day("start_date", &timezone)?,
            start_is_default: self.settings.start.is_none(),
            end_day: end.map(|end| end.day("end_date", &timezone)).transpose()?,
            timezone,
            gap: self.gap,
            fold: self.fold,
            run_settings: self.settings.run_settings()?,
        })
    }
}

builder_is_into_trigger!(CalendarIntervalTriggerBuilder);
