//! How an interval trigger is described.

use std::time::Duration;

use punctual_core::TriggerError;

use super::{IntervalTrigger, Stored};
use crate::builder::{Defaults, Settings, builder_is_into_trigger, builder_methods};

/// A number of units: any of Rust's integers, or a fraction such as `1.5`.
pub trait Amount: Copy {
    /// The number of microseconds in so many units of `unit` microseconds; none if there are too many.
    #[doc(hidden)]
    fn micros(self, unit: i64) -> Option<i64>;
}

macro_rules! integers_are_amounts {
    ($($integer:ty),*) => {
        $(impl Amount for $integer {
            fn micros(self, unit: i64) -> Option<i64> {
                i64::try_from(self).ok()?.checked_mul(unit)
            }
        })*
    };
}
integers_are_amounts!(i8, u8, i16, u16, i32, u32, i64, u64, isize, usize);

impl Amount for f64 {
    fn micros(self, unit: i64) -> Option<i64> {
        let micros = (self * unit as f64).round();
        (micros.abs() < i64::MAX as f64).then_some(micros as i64)
    }
}

impl Amount for f32 {
    fn micros(self, unit: i64) -> Option<i64> {
        f64::from(self).micros(unit)
    }
}

/// Makes an [`IntervalTrigger`]; see [`IntervalTrigger::every`] and its siblings.
///
/// Units add up: `IntervalTrigger::hours(1).minutes(30)` is 90 minutes. Without a `start_date` the first fire is
/// one interval from now.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built or added"]
pub struct IntervalTriggerBuilder {
    /// Microseconds; none if it became too long.
    interval: Option<i64>,
    settings: Settings,
}

const SECOND: i64 = 1_000_000;

macro_rules! units {
    ($($unit:ident: $micros:expr;)*) => {
        impl IntervalTrigger {
            /// Begins a trigger that fires after every such interval; fractions of a microsecond are
            /// dropped.
            pub fn every(interval: Duration) -> IntervalTriggerBuilder {
                let interval = i64::try_from(interval.as_micros()).ok();
                IntervalTriggerBuilder { interval, settings: Settings::default() }
            }

            $(
                #[doc = concat!("Begins a trigger that fires every so many ", stringify!($unit), ".")]
                pub fn $unit($unit: impl Amount) -> IntervalTriggerBuilder {
                    Self::every(Duration::ZERO).$unit($unit)
                }
            )*
        }

        impl IntervalTriggerBuilder {
            $(
                #[doc = concat!("Makes the interval so many ", stringify!($unit), " longer.")]
                pub fn $unit(mut self, $unit: impl Amount) -> Self {
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

    fn finish(self, defaults: Defaults<'_>) -> Result<IntervalTrigger, TriggerError> {
        let invalid =
            |value: &str, reason| TriggerError::invalid_field("interval", value, 1, reason);
        let interval = self.interval.ok_or_else(|| {
            invalid("more than 292,000 years", "an interval must fit the years 1 to 9999")
        })?;
        let zone = self.settings.zone(defaults)?;
        let mut limits = self.settings.limits(&zone)?;
        // Stored from now on: a restart must not move the grid.
        let from_clock = limits.start_date.is_none();
        if from_clock {
            limits.start_date = Some(defaults.now().saturating_add_micros(interval));
        }
        IntervalTrigger::of(Stored {
            interval_micros: interval,
            timezone: zone,
            from_clock,
            limits,
        })
    }
}

builder_is_into_trigger!(IntervalTriggerBuilder);
