//! Once, at an instant.

use std::fmt;

use punctual_core::{Jitter, Timestamp, Trigger, TriggerError, TriggerSpec, Zone};
use serde::{Deserialize, Serialize};

use crate::builder::{
    Defaults, Extras, Settings, builder_is_into_trigger, builder_methods, same_but_for_clock,
    stored,
};
use crate::input::DateTimeInput;
use crate::text::InZone;

/// Fires once, at an instant, even if that has passed when the job is added.
///
/// ```
/// use punctual_core::Trigger;
/// use punctual_triggers::DateTrigger;
///
/// let trigger = DateTrigger::at("2026-12-24 18:00:00").timezone("Europe/Helsinki").build()?;
/// assert_eq!(trigger.run_date().to_string(), "2026-12-24T16:00:00Z");
/// # Ok::<(), punctual_core::TriggerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DateTrigger {
    run_date: Timestamp,
    timezone: Zone,
    /// Whether the date was that of the clock: then it is no part of what was described.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    from_clock: bool,
    #[serde(flatten)]
    extras: Extras,
}

impl DateTrigger {
    pub(crate) const KIND: &str = "date";
    const VERSION: u32 = 1;

    /// Begins a trigger that fires at that time.
    pub fn at(run_date: impl Into<DateTimeInput>) -> DateTriggerBuilder {
        DateTriggerBuilder { run_date: Some(run_date.into()), settings: Settings::default() }
    }

    /// Begins a trigger that fires at once: at the time at which it is made.
    pub fn now() -> DateTriggerBuilder {
        DateTriggerBuilder { run_date: None, settings: Settings::default() }
    }

    /// When it fires.
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
        self.extras.jitter
    }

    /// The zone only says how the instant is shown.
    fn visit_zones(&self, _: &mut dyn FnMut(&Zone)) {}

    fn spec(&self) -> TriggerSpec {
        stored(Self::KIND, Self::VERSION, self)
    }

    fn is_same_as(&self, stored: &TriggerSpec) -> bool {
        same_but_for_clock(&self.spec(), stored, "run_date")
    }
}

impl fmt::Display for DateTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "date[{}]", InZone(self.run_date, &self.timezone))
    }
}

/// Makes a [`DateTrigger`]; see [`DateTrigger::at`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built or added"]
pub struct DateTriggerBuilder {
    /// None: now.
    run_date: Option<DateTimeInput>,
    settings: Settings,
}

impl DateTriggerBuilder {
    builder_methods!(DateTrigger: timezone, jitter);

    fn finish(self, defaults: Defaults<'_>) -> Result<DateTrigger, TriggerError> {
        let zone = self.settings.zone(defaults)?;
        let from_clock = self.run_date.is_none();
        let run_date = self.run_date.unwrap_or_else(|| defaults.now().into());
        let (run_date, timezone) = run_date.instant_and_zone("run_date", &zone)?;
        Ok(DateTrigger { run_date, timezone, from_clock, extras: self.settings.extras()? })
    }
}

builder_is_into_trigger!(DateTriggerBuilder);
