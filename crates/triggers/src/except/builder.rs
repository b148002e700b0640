//! How exclusions are described.

use punctual_core::{IntoTrigger, TriggerDefaults, TriggerError};

use super::{Calendar, ExceptTrigger};
use crate::builder::{Candidate, Defaults, Settings, builder_is_into_trigger, builder_methods};

/// Excludes days from triggers and their builders.
pub trait Except: IntoTrigger + Sized {
    /// The same trigger, but without its fires on excluded days.
    ///
    /// ```
    /// use punctual_core::{Timestamp, Trigger};
    /// use punctual_triggers::{Calendar, CronTrigger, Except};
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
            member: Candidate::new(self),
            calendar: calendar.into(),
            next_business_day: false,
            settings: Settings::default(),
        }
    }
}

impl<T: IntoTrigger> Except for T {}

/// Makes an [`ExceptTrigger`]; see [`Except::except`].
///
/// The zone in which days are excluded is that of the trigger, unless another is told. Told or not, it is the
/// default of the trigger and of those in the calendar. Jitter and the greatest number of runs are those of
/// the trigger, unless others are told.
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built or added"]
pub struct ExceptTriggerBuilder {
    member: Candidate,
    calendar: Calendar,
    next_business_day: bool,
    settings: Settings,
}

impl ExceptTriggerBuilder {
    /// Excludes more.
    pub fn and(mut self, calendar: impl Into<Calendar>) -> Self {
        self.calendar = self.calendar.and(calendar);
        self
    }

    /// Moves every fire on an excluded day to the next day that is not excluded, at the same time on the wall (to
    /// the second; later by the length of a gap, in the first pass of a fold). Several fires that come together
    /// there are one.
    pub fn next_business_day(mut self) -> Self {
        self.next_business_day = true;
        self
    }

    builder_methods!(ExceptTrigger: timezone, start_date, end_date, jitter, max_runs);

    fn finish(self, defaults: Defaults<'_>) -> Result<ExceptTrigger, TriggerError> {
        let mut defaults =
            TriggerDefaults { zone: self.settings.zone(defaults)?, now: defaults.now() };
        let trigger = self.member.make(&defaults)?;
        if self.settings.zone.is_none() {
            defaults.zone = trigger.zone().cloned().unwrap_or(defaults.zone);
        }
        let (days, fires) = self.calendar.resolve(&defaults.zone, &defaults)?;
        Ok(ExceptTrigger {
            trigger,
            days,
            fires,
            next_business_day: self.next_business_day,
            limits: self.settings.limits(&defaults.zone)?,
        })
    }
}

builder_is_into_trigger!(ExceptTriggerBuilder);
