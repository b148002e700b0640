//! The stored form of the Except trigger.

use std::sync::Arc;

use punctual_core::{Trigger, TriggerError, TriggerRegistry, TriggerSpec, Zone};
use serde::{Deserialize, Serialize};

use super::ExceptTrigger;
use super::calendar::check_length;
use super::days::ExcludedDays;
use super::range::DateRange;
use crate::builder::{StoredSettings, encode_spec};
use crate::cron::{CronValue, weekday_names, weekdays};

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Stored {
    trigger: TriggerSpec,
    timezone: Zone,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    weekdays: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    dates: Vec<DateRange>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    days_of: Vec<StoredDays>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fires_of: Vec<TriggerSpec>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    next_business_day: bool,
    #[serde(flatten)]
    settings: StoredSettings,
}

/// Excludes `days` days for each fire time of a trigger: the day on which it fires and the following ones.
#[derive(Serialize, Deserialize)]
struct StoredDays {
    trigger: TriggerSpec,
    days: u32,
}

impl ExceptTrigger {
    pub(crate) fn restore(
        spec: &TriggerSpec,
        registry: &TriggerRegistry,
    ) -> Result<Self, TriggerError> {
        let stored: Stored = spec.decode(VERSION)?;
        let weekdays = match stored.weekdays.as_str() {
            "" => 0,
            names => weekdays(&CronValue::from(names))?,
        };
        let triggers = stored
            .days_of
            .iter()
            .map(|rule| Ok((registry.restore(&rule.trigger)?, check_length(rule.days)?)));
        let instant_exclusions = stored.fires_of.iter().map(|spec| registry.restore(spec));
        Ok(Self {
            trigger: registry.restore(&stored.trigger)?,
            days: ExcludedDays {
                zone: stored.timezone,
                weekdays,
                ranges: DateRange::join(stored.dates),
                triggers: triggers.collect::<Result<_, TriggerError>>()?,
            },
            instant_exclusions: instant_exclusions.collect::<Result<_, _>>()?,
            next_business_day: stored.next_business_day,
            settings: stored.settings,
        })
    }

    /// Encodes the trigger in its stored form.
    pub(super) fn to_spec(&self) -> TriggerSpec {
        let triggers = self.days.triggers.iter();
        let form = Stored {
            trigger: self.trigger.spec(),
            timezone: self.days.zone.clone(),
            weekdays: weekday_names(self.days.weekdays),
            dates: self.days.ranges.clone(),
            days_of: triggers
                .map(|(trigger, days)| StoredDays { trigger: trigger.spec(), days: *days })
                .collect(),
            fires_of: self.instant_exclusions.iter().map(|trigger| trigger.spec()).collect(),
            next_business_day: self.next_business_day,
            settings: self.settings.clone(),
        };
        encode_spec(Self::KIND, VERSION, &form)
    }

    /// Returns whether `spec` describes the same trigger, settings and exclusions.
    pub(super) fn matches(&self, spec: &TriggerSpec) -> bool {
        let Ok(stored) = spec.decode::<Stored>(VERSION) else {
            return false;
        };
        let same = |own: &Arc<dyn Trigger>, stored: &TriggerSpec| own.matches_spec(stored);
        let same_length = |(_, own): &(_, u32), stored: &StoredDays| *own == stored.days;
        let days = || self.days.triggers.iter().zip(&stored.days_of);
        spec.kind() == Self::KIND
            && same(&self.trigger, &stored.trigger)
            && self.days.zone == stored.timezone
            && weekday_names(self.days.weekdays) == stored.weekdays
            && self.days.ranges == stored.dates
            && self.days.triggers.len() == stored.days_of.len()
            && days().all(|(own, stored)| same(&own.0, &stored.trigger) && same_length(own, stored))
            && self.instant_exclusions.len() == stored.fires_of.len()
            && self
                .instant_exclusions
                .iter()
                .zip(&stored.fires_of)
                .all(|(own, stored)| same(own, stored))
            && self.next_business_day == stored.next_business_day
            && self.settings == stored.settings
    }
}
