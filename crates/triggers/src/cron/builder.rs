//! The builder of the cron trigger.

use std::collections::BTreeMap;

use punctual_core::TriggerError;
use punctual_cron_syntax::{Field, SyntaxError};

use super::stored::{CronSource, StoredCron};
use super::syntax::trigger_error;
use super::{CronTrigger, CronValue};
use crate::builder::{CommonSettings, DefaultsSource, builder_is_into_trigger, builder_methods};
use crate::civil::{Fold, Gap};

/// Builder for [`CronTrigger`]; see [`CronTrigger::builder`].
///
/// Fields accept numbers, inclusive ranges and expressions: `hour(3)`, `hour(0..=3)`, `hour("0-3,*/6")`,
/// `day("3rd fri,last")`. All given fields must match. A field that is not given defaults to `*` if it is more
/// significant than a given field, and to its minimum otherwise; `week` and `day_of_week` always default to `*`. If no
/// field is given, all default to `*`. For example, `minute(5)` fires at second 0 of minute 5 of every hour.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built or added"]
pub struct CronTriggerBuilder {
    times: Result<CronSource, SyntaxError>,
    gap: Option<Gap>,
    fold: Option<Fold>,
    settings: CommonSettings,
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
        /// Sets the year: 1970 to 9999.
        year: Year;
        /// Sets the month: 1 to 12, or `jan` to `dec`.
        month: Month;
        /// Sets the day of the month: 1 to 31, `last`, or a position and a weekday, such as `3rd fri` or `last sun`.
        day: Day;
        /// Sets the ISO week: 1 to 53.
        week: Week;
        /// Sets the weekday: 0 (Monday) to 6, or `mon` to `sun`.
        day_of_week: DayOfWeek;
        /// Sets the hour: 0 to 23.
        hour: Hour;
        /// Sets the minute: 0 to 59.
        minute: Minute;
        /// Sets the second: 0 to 59.
        second: Second;
    }

    /// Sets the policy for local times in DST gaps. Default: [`Gap::Skip`] if hour, minute or second contains a
    /// wildcard (`*`, given or by default), otherwise [`Gap::Shift`].
    pub fn gap(mut self, gap: Gap) -> Self {
        self.gap = Some(gap);
        self
    }

    /// Sets the policy for ambiguous local times (DST fold). Default: [`Fold::Both`] if hour, minute or second contains
    /// a wildcard (`*`, given or by default), otherwise [`Fold::First`].
    pub fn fold(mut self, fold: Fold) -> Self {
        self.fold = Some(fold);
        self
    }

    builder_methods!(CronTrigger: timezone, start_date, end_date, jitter, max_runs);

    pub(super) fn new(times: Result<CronSource, SyntaxError>) -> Self {
        Self { times, gap: None, fold: None, settings: CommonSettings::default() }
    }

    pub(super) fn of_fields() -> Self {
        Self::new(Ok(CronSource::Fields(BTreeMap::new())))
    }

    fn field(mut self, field: Field, CronValue(value): CronValue) -> Self {
        match &mut self.times {
            Ok(CronSource::Fields(fields)) => {
                fields.insert(field, value);
            }
            Ok(CronSource::Crontab(_) | CronSource::Quartz(_)) => {
                let reason = "fields cannot be combined with a crontab or Quartz expression";
                self.times = Err(SyntaxError::in_field(field, value, 1, reason));
            }
            Err(_) => {}
        }
        self
    }

    fn build_with(self, defaults: DefaultsSource<'_>) -> Result<CronTrigger, TriggerError> {
        let timezone = self.settings.zone(defaults)?;
        let settings = self.settings.resolve(&timezone)?;
        let Self { times, gap, fold, .. } = self;
        CronTrigger::from_stored(StoredCron {
            times: times.map_err(trigger_error)?,
            timezone,
            gap,
            fold,
            settings,
        })
    }
}

builder_is_into_trigger!(CronTriggerBuilder);
