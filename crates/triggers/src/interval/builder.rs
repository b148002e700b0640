//! The builder of the interval trigger.

use std::time::Duration;

use punctual_core::TriggerError;

use super::{IntervalTrigger, Stored};
use crate::builder::{CommonSettings, DefaultsSource, builder_is_into_trigger, builder_methods};

/// A number of time units: any integer type except the 128-bit ones, or a floating-point number such as `1.5`.
pub trait IntervalAmount: Copy {
    /// Returns this number of units of `unit` microseconds as microseconds, or `None` on overflow.
    #[doc(hidden)]
    fn micros(self, unit: i64) -> Option<i64>;
}

macro_rules! integers_are_amounts {
    ($($integer:ty),*) => {
        $(impl IntervalAmount for $integer {
            fn micros(self, unit: i64) -> Option<i64> {
                i64::try_from(self).ok()?.checked_mul(unit)
            }
        })*
    };
}
integers_are_amounts!(i8, u8, i16, u16, i32, u32, i64, u64, isize, usize);

impl IntervalAmount for f64 {
    fn micros(self, unit: i64) -> Option<i64> {
        let micros = (self * unit as f64).round();
        (micros.abs() < i64::MAX as f64).then_some(micros as i64)
    }
}

impl IntervalAmount for f32 {
    fn micros(self, unit: i64) -> Option<i64> {
        f64::from(self).micros(unit)
    }
}

/// Builder for [`IntervalTrigger`]; see [`IntervalTrigger::every`], [`IntervalTrigger::seconds`] and the other units.
///
/// Units are added: `IntervalTrigger::hours(1).minutes(30)` is 90 minutes. Without a `start_date`, the first fire time
/// is one interval after the current time.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built or added"]
pub struct IntervalTriggerBuilder {
    /// In microseconds; `None` on overflow.
    interval: Option<i64>,
    settings: CommonSettings,
}

const SECOND: i64 = 1_000_000;

macro_rules! units {
    ($($unit:ident: $micros:expr;)*) => {
        impl IntervalTrigger {
            /// Returns a builder for a trigger with this interval. Fractions of a microsecond are truncated.
            pub fn every(interval: Duration) -> IntervalTriggerBuilder {
                let interval = i64::try_from(interval.as_micros()).ok();
                IntervalTriggerBuilder { interval, settings: CommonSettings::default() }
            }

            $(
                #[doc = concat!("Returns a builder for a trigger that fires every `", stringify!($unit), "` ", stringify!($unit), ".")]
                pub fn $unit($unit: impl IntervalAmount) -> IntervalTriggerBuilder {
                    Self::every(Duration::ZERO).$unit($unit)
                }
            )*
        }

        impl IntervalTriggerBuilder {
            $(
                #[doc = concat!("Adds this number of ", stringify!($unit), " to the interval.")]
                pub fn $unit(mut self, $unit: impl IntervalAmount) -> Self {
                    let more = $unit.micros($micros);
                    self.interval = self.interval.zip(more).and_then(|(so_far, more)| so_far.checked_add(more));
                    self
                }
            )*
        }
    };
}
units! {
    seconds: SECOND;
    minutes: 60 * SECOND;
    hours: 3600 * SECOND;
    days: 86_400 * SECOND;
    weeks: 7 * 86_400 * SECOND;
}

impl IntervalTriggerBuilder {
    builder_methods!(IntervalTrigger: timezone, start_date, end_date, jitter, max_runs);

    fn build_with(self, defaults: DefaultsSource<'_>) -> Result<IntervalTrigger, TriggerError> {
        let invalid =
            |value: &str, reason| TriggerError::invalid_field("interval", value, 1, reason);
        let interval = self.interval.ok_or_else(|| {
            invalid("more than 292,000 years", "the interval must fit into the years 1 to 9999")
        })?;
        let zone = self.settings.zone(defaults)?;
        let mut settings = self.settings.resolve(&zone)?;
        // The default start is stored, so that fire times do not change after a restart.
        let start_is_default = settings.start_date.is_none();
        if start_is_default {
            settings.start_date = Some(defaults.now().saturating_add_micros(interval));
        }
        IntervalTrigger::from_stored(Stored {
            interval_micros: interval,
            timezone: zone,
            start_is_default,
            settings,
        })
    }
}

builder_is_into_trigger!(IntervalTriggerBuilder);
