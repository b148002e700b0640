//! How a cron trigger is described.

use std::collections::BTreeMap;

use punctual_core::TriggerError;

use super::field::Field;
use super::refused::Refused;
use super::schedule::{Schedule, Times};
use super::{CronTrigger, CronValue};
use crate::builder::{Defaults, Settings, builder_is_into_trigger, builder_methods};
use crate::civil::{Fold, Gap};

/// Makes a [`CronTrigger`]; see [`CronTrigger::builder`].
///
/// Fields take numbers, inclusive ranges and expressions: `hour(3)`, `hour(0..=3)`, `hour("0-3,*/6")`,
/// `day("3rd fri,last")`. All given fields must match. Of those not given, the ones that are more significant
/// than a given one match always, the others only their least value; `minute(5)` is five past every hour, on
/// the second.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built or added"]
pub struct CronTriggerBuilder {
    times: Result<Times, Refused>,
    gap: Option<Gap>,
    fold: Option<Fold>,
    settings: Settings,
}

macro_rules! fields {
    ($($(#[$doc:meta])* $setter:ident: $field:ident;)*) => {
        $(
            $(#[$doc])*
            pub fn $setter(self, value: impl Into<CronValue>) -> Self {
                self.field(Field::$field, value.into())
            }
        )*
    };
}

impl CronTriggerBuilder {
    fields! {
        /// The year: 1970 to 9999.
        year: Year;
        /// The month: 1 to 12, or `jan` to `dec`.
        month: Month;
        /// The day of the month: 1 to 31, `last`, or by position, such as `3rd fri` or `last sun`.
        day: Day;
        /// The ISO week: 1 to 53.
        week: Week;
        /// The weekday: 0 to 6 from Monday, or `mon` to `sun`.
        day_of_week: DayOfWeek;
        /// The hour: 0 to 23.
        hour: Hour;
        /// The minute: 0 to 59.
        minute: Minute;
        /// The second: 0 to 59.
        second: Second;
    }

    /// What happens to local times that the clock skips. Default: left out if hour, minute or second is a
    /// star, written or implied, else shifted.
    pub fn gap(mut self, gap: Gap) -> Self {
        self.gap = Some(gap);
        self
    }

    /// What happens to local times that the clock shows twice. Default: they fire in both passes if hour,
    /// minute or second is a star, written or implied, else in the first.
    pub fn fold(mut self, fold: Fold) -> Self {
        self.fold = Some(fold);
        self
    }

    builder_methods!(CronTrigger: timezone, start_date, end_date, jitter, max_runs);

    pub(super) fn new(times: Result<Times, Refused>) -> Self {
        Self { times, gap: None, fold: None, settings: Settings::default() }
    }

    pub(super) fn of_fields() -> Self {
        Self::new(Ok(Times::Fields(BTreeMap::new())))
    }

    fn field(mut self, field: Field, CronValue(value): CronValue) -> Self {
        match &mut self.times {
            Ok(Times::Fields(fields)) => {
                fields.insert(field, value);
            }
            Ok(Times::Crontab(_) | Times::Quartz(_)) => {
                self.times = Err(Refused {
                    field: Some(field),
                    value,
                    reason: "the text already says everything about the fields".to_owned(),
                });
            }
            Err(_) => {}
        }
        self
    }

    fn finish(self, defaults: Defaults<'_>) -> Result<CronTrigger, TriggerError> {
        let timezone = self.settings.zone(defaults)?;
        let limits = self.settings.limits(&timezone)?;
        let Self { times, gap, fold, .. } = self;
        CronTrigger::of(Schedule { times: times?, timezone, gap, fold, limits })
    }
}

builder_is_into_trigger!(CronTriggerBuilder);
