//! The date trigger: fires once, at an instant.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use punctual_core::{Jitter, Timestamp, Trigger, TriggerError, TriggerSpec, Zone};
use serde::{Deserialize, Serialize};

use crate::builder::{
    CommonSettings, DefaultsSource, RunSettings, builder_is_into_trigger, builder_methods,
    encode_spec, equal_ignoring_default_start,
};
use crate::display::DisplayInZone;
use crate::input::DateTimeInput;

/// Fires once, at an instant, even if this instant has passed when the job is added.
///
/// ```
/// use punctual_core::Trigger;
/// use punctual_triggers::DateTrigger;
///
/// let trigger = DateTrigger::at("2026-12-24 18:00:00").timezone("Europe/Helsinki").build()?;
/// assert_eq!(trigger.run_date().to_string(), "2026-12-24T16:00:00Z");
/// # Ok::<(), punctual_core::TriggerError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DateTrigger {
    run_date: Timestamp,
    timezone: Zone,
    /// Whether the date defaulted to the time of creation. If so, it is ignored when specs are compared.
    #[serde(rename = "from_clock", default, skip_serializing_if = "std::ops::Not::not")]
    run_date_is_default: bool,
    /// The delay of the date after the time of creation, in microseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    delay: u64,
    #[serde(flatten)]
    run_settings: RunSettings,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is that of serde")]
fn is_zero(delay: &u64) -> bool {
    *delay == 0
}

impl DateTrigger {
    pub(crate) const KIND: &str = "date";
    const VERSION: u32 = 1;

    /// Returns a builder for a trigger that fires at `run_date`.
    pub fn at(run_date: impl Into<DateTimeInput>) -> DateTriggerBuilder {
        Self::builder(RunDate::At(run_date.into()))
    }

    /// Returns a builder for a trigger that fires at the time at which it is built.
    pub fn now() -> DateTriggerBuilder {
        Self::after(Duration::ZERO)
    }

    /// Returns a builder for a trigger that fires when `delay` has elapsed since the time at which it is built, which is
    /// when its job is added. If the job is added again unchanged, as at each start of a program, it keeps its next run
    /// time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use punctual_core::{Timestamp, Trigger};
    /// use punctual_triggers::DateTrigger;
    ///
    /// let reminder = DateTrigger::after(Duration::from_secs(600)).build()?;
    /// assert!(reminder.run_date() > Timestamp::now());
    /// # Ok::<(), punctual_core::TriggerError>(())
    /// ```
    pub fn after(delay: Duration) -> DateTriggerBuilder {
        Self::builder(RunDate::After(delay))
    }

    fn builder(run_date: RunDate) -> DateTriggerBuilder {
        DateTriggerBuilder { run_date, settings: CommonSettings::default() }
    }

    /// Returns the instant at which the trigger fires.
    #[must_use]
    pub fn run_date(&self) -> Timestamp {
        self.run_date
    }

    pub(crate) fn restore(spec: &TriggerSpec) -> Result<Self, TriggerError> {
        spec.decode(Self::VERSION)
    }
}

impl Trigger for DateTrigger {
    fn next_fire_time(&self, previous: Option<Timestamp>, _: Timestamp) -> Option<Timestamp> {
        Some(self.run_date).filter(|&date| previous.is_none_or(|previous| previous < date))
    }

    fn latest_fire_time(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        Some(self.run_date).filter(|date| (from..=until).contains(date))
    }

    fn zone(&self) -> Option<&Zone> {
        Some(&self.timezone)
    }

    fn jitter(&self) -> Option<Jitter> {
        self.run_settings.jitter
    }

    /// Visits no zone: the zone affects only the display of the instant.
    fn visit_zones(&self, _: &mut dyn FnMut(&Zone)) {}

    fn is_same(&self, other: &dyn Trigger) -> bool {
        (other as &dyn Any).downcast_ref::<Self>() == Some(self)
    }

    fn spec(&self) -> TriggerSpec {
        encode_spec(Self::KIND, Self::VERSION, self)
    }

    fn matches_spec(&self, stored: &TriggerSpec) -> bool {
        equal_ignoring_default_start(&self.spec(), stored, "run_date")
    }
}

impl fmt::Display for DateTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "date[{}]", DisplayInZone(self.run_date, &self.timezone))
    }
}

/// Builder for [`DateTrigger`]; see [`DateTrigger::at`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built or added"]
pub struct DateTriggerBuilder {
    run_date: RunDate,
    settings: CommonSettings,
}

#[derive(Clone, Debug)]
enum RunDate {
    At(DateTimeInput),
    /// This time after the trigger is built.
    After(Duration),
}

impl DateTriggerBuilder {
    builder_methods!(DateTrigger: timezone, jitter);

    fn build_with(self, defaults: DefaultsSource<'_>) -> Result<DateTrigger, TriggerError> {
        let zone = self.settings.zone(defaults)?;
        let (run_date, delay) = match self.run_date {
            RunDate::At(date) => (date, None),
            RunDate::After(delay) => (defaults.now().saturating_add(delay).into(), Some(delay)),
        };
        let (run_date, timezone) = run_date.resolve_with_zone("run_date", &zone)?;
        Ok(DateTrigger {
            run_date,
            timezone,
            run_date_is_default: delay.is_some(),
            delay: delay.map_or(0, |delay| u64::try_from(delay.as_micros()).unwrap_or(u64::MAX)),
            run_settings: self.settings.run_settings()?,
        })
    }
}

builder_is_into_trigger!(DateTriggerBuilder);
