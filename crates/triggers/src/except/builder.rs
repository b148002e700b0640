//! The builder of the Except trigger.

use punctual_core::{IntoTrigger, TriggerError};

use super::{Calendar, ExceptTrigger};
use crate::builder::{
    CommonSettings, DefaultsSource, DeferredTrigger, builder_is_into_trigger, builder_methods,
};
use crate::trigger_defaults;

/// Extension trait that adds [`except`](Self::except) to triggers and builders.
pub trait ExceptExt: IntoTrigger + Sized {
    /// Returns a builder for a trigger that fires when this one fires, except on the days and instants of `calendar`.
    ///
    /// ```
    /// use punctual_core::{Timestamp, Trigger};
    /// use punctual_triggers::{Calendar, CronTrigger, ExceptExt};
    ///
    /// let closed = Calendar::new().weekdays("sat,sun").date("2026-12-25");
    /// let trigger = CronTrigger::builder().hour(9)
    ///     .except(closed)
    ///     .timezone("Europe/Helsinki")
    ///     .build()?;
    /// let christmas = Timestamp::from_seconds(1_798_156_800); // 2026-12-25 in UTC, a Friday
    /// let fire = trigger.next_fire_time(None, christmas).unwrap();
    /// assert_eq!(fire.to_string(), "2026-12-28T07:00:00Z");
    /// # Ok::<(), punctual_core::TriggerError>(())
    /// ```
    fn except(self, calendar: impl Into<Calendar>) -> ExceptTriggerBuilder
    where
        Self: Send + 'static,
    {
        ExceptTriggerBuilder {
            member: DeferredTrigger::new(self),
            calendar: calendar.into(),
            next_business_day: false,
            settings: CommonSettings::default(),
        }
    }
}

impl<T: IntoTrigger> ExceptExt for T {}

/// Builder for [`ExceptTrigger`]; see [`ExceptExt::except`].
///
/// Excluded days are days in the zone of the inner trigger unless `timezone` is set. This zone is also the default for
/// triggers in the calendar. The zone of this builder, or else of the scheduler, is the default for the inner trigger.
/// Jitter and `max_runs` default to those of the inner trigger.
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built or added"]
pub struct ExceptTriggerBuilder {
    member: DeferredTrigger,
    calendar: Calendar,
    next_business_day: bool,
    settings: CommonSettings,
}

impl ExceptTriggerBuilder {
    /// Also excludes the days and instants of another calendar.
    pub fn or(mut self, calendar: impl Into<Calendar>) -> Self {
        self.calendar = self.calendar.or(calendar);
        self
    }

    /// Postpones each fire time on an excluded day to the next day that is not excluded, at the same local time,
    /// truncated to seconds. In a DST gap the time is shifted forward by the length of the gap; an ambiguous time
    /// resolves to its first occurrence. Fire times that are postponed to the same instant are merged.
    pub fn next_business_day(mut self) -> Self {
        self.next_business_day = true;
        self
    }

    builder_methods!(ExceptTrigger: timezone, start_date, end_date, jitter, max_runs);

    fn build_with(self, defaults: DefaultsSource<'_>) -> Result<ExceptTrigger, TriggerError> {
        let mut defaults = trigger_defaults(self.settings.zone(defaults)?, defaults.now());
        let trigger = self.member.build(&defaults)?;
        if self.settings.zone.is_none() {
            defaults.zone = trigger.zone().cloned().unwrap_or(defaults.zone);
        }
        let (days, instant_exclusions) = self.calendar.resolve(&defaults.zone, &defaults)?;
        Ok(ExceptTrigger {
            trigger,
            days,
            instant_exclusions,
            next_business_day: self.next_business_day,
            settings: self.settings.resolve(&defaults.zone)?,
        })
    }
}

builder_is_into_trigger!(ExceptTriggerBuilder);
