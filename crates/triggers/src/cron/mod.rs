//! The cron trigger: fires at local times that match a cron schedule.

mod builder;
mod cron_times;
mod days;
mod month;
#[cfg(test)]
mod search_cost_tests;
mod stored;
mod syntax;
mod time_of_day;
mod value;
mod years;

use std::any::Any;
use std::fmt;

use punctual_core::{FireTimeAnomaly, Jitter, Timestamp, Trigger, TriggerError, TriggerSpec, Zone};
use punctual_cron_syntax::{Expression, Field, WEEKDAYS, split_apscheduler};

use crate::builder::{encode_spec, search_start};
use crate::civil::{Fold, Gap, LocalTimeResolver};
pub use builder::CronTriggerBuilder;
use cron_times::CronTimes;
use stored::{CronSource, StoredCron};
use syntax::trigger_error;
pub use value::CronValue;

/// Fires at local times that match a cron schedule, given as APScheduler's fields and expressions, as a crontab line,
/// or as a Quartz expression.
///
/// ```
/// use punctual_triggers::CronTrigger;
///
/// let paydays = CronTrigger::builder().day("15,last").hour(9);
/// let nightly = CronTrigger::from_crontab("30 2 * * *").timezone("Europe/Helsinki");
/// # paydays.build()?; nightly.build()?;
/// # Ok::<(), punctual_core::TriggerError>(())
/// ```
///
/// # Performance
///
/// The next fire time is found with at most ten local-time searches (measured over all zones); each examines the months
/// of at most 41 years. Construction also computes the last fire time, usually with one search. In the worst case, in
/// which all local times are in DST gaps with [`Gap::Skip`], construction requires about 16,040 searches, which take
/// about a millisecond.
///
/// # Daylight saving time
///
/// By default, the trigger follows the conventions of cron. A trigger with a wildcard (`*`) in hour, minute or second,
/// such as "every 5 minutes", does not fire in a DST gap and fires at both occurrences of an ambiguous local time. Any
/// other trigger, such as "at 02:30", fires once per scheduled local time: shifted forward by the length of the gap, or
/// at the first occurrence. See [`gap`](CronTriggerBuilder::gap) and [`fold`](CronTriggerBuilder::fold).
#[derive(Clone, Debug)]
pub struct CronTrigger {
    local_times: CronTimes,
    resolver: LocalTimeResolver,
    /// The first second at which the trigger may fire.
    first: i64,
    /// The last fire time in seconds, or `None` if the trigger never fires. Searches after it return `None`
    /// immediately.
    last: Option<i64>,
    stored: Box<StoredCron>,
}

impl CronTrigger {
    pub(crate) const KIND: &str = "cron";
    const VERSION: u32 = 1;

    /// Returns a builder for a trigger that is defined by fields. If no field is given, it fires every second.
    pub fn builder() -> CronTriggerBuilder {
        CronTriggerBuilder::of_fields()
    }

    /// Returns a builder for a trigger that is defined by a crontab line with the rules of Vixie cron: five fields
    /// (minute, hour, day of month, month, day of week) or a macro such as `@daily`. 0 and 7 are Sunday. If neither day
    /// field begins with `*`, a day needs to match only one of the two.
    pub fn from_crontab(line: impl Into<String>) -> CronTriggerBuilder {
        CronTriggerBuilder::new(Ok(CronSource::Crontab(line.into())))
    }

    /// Returns a builder for a trigger that is defined by a crontab line with the rules of APScheduler's
    /// `from_crontab`: five fields, all of which must match, with weekdays counted from Monday = 0.
    pub fn from_apscheduler_crontab(line: &str) -> CronTriggerBuilder {
        CronTriggerBuilder::new(split_apscheduler(line).map(CronSource::Fields))
    }

    /// Returns a builder for a trigger that is defined by an expression of the Quartz scheduler: second, minute, hour,
    /// day of month, month, day of week and optionally year, with weekdays counted from Sunday = 1.
    ///
    /// Exactly one of the two day fields must be `?`. The day of month supports `L` (the last day), `L-3` (three days
    /// before the last day), `15W` (the day from Monday to Friday that is nearest to the 15th, in the same month), `LW`
    /// and `L-3W`. The day of week supports `6#3` (the third Friday), `6L` (the last Friday) and `L` (Saturday). Ranges
    /// may wrap: `22-2`, `FRI-MON`. Text that Quartz ignores silently, such as the step in `MON-FRI/2`, is an error.
    ///
    /// ```
    /// use punctual_triggers::CronTrigger;
    ///
    /// let payday = CronTrigger::from_quartz("0 0 9 LW * ?").timezone("Europe/Helsinki").build()?;
    /// assert_eq!(payday.to_string(), "quartz[0 0 9 LW * ?]");
    /// # Ok::<(), punctual_core::TriggerError>(())
    /// ```
    pub fn from_quartz(expression: impl Into<String>) -> CronTriggerBuilder {
        CronTriggerBuilder::new(Ok(CronSource::Quartz(expression.into())))
    }

    pub(crate) fn restore(spec: &TriggerSpec) -> Result<Self, TriggerError> {
        Self::from_stored(spec.decode(Self::VERSION)?)
    }

    fn from_stored(mut stored: StoredCron) -> Result<Self, TriggerError> {
        let parsed = stored.times.parse()?;
        let (gap, fold) = match parsed.has_time_wildcard {
            true => (Gap::Skip, Fold::Both),
            false => (Gap::Shift, Fold::First),
        };
        let resolver = LocalTimeResolver {
            zone: stored.timezone.clone(),
            gap: stored.gap.unwrap_or(gap),
            fold: stored.fold.unwrap_or(fold),
        };
        let end = stored.settings.end().as_micros().div_euclid(1_000_000);
        Ok(Self {
            first: ceil_to_second(stored.settings.start()),
            last: resolver.at_or_before(&parsed.local_times, end),
            local_times: parsed.local_times,
            resolver,
            stored: Box::new(stored),
        })
    }
}

impl Trigger for CronTrigger {
    fn next_fire_time(&self, previous: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let from = ceil_to_second(search_start(previous, now)).max(self.first);
        if self.last.is_none_or(|last| last < from) || previous == Some(Timestamp::MAX) {
            return None;
        }
        self.resolver.at_or_after(&self.local_times, from).map(Timestamp::from_seconds)
    }

    fn latest_fire_time(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let until = until.as_micros().div_euclid(1_000_000).min(self.last?);
        let latest = self.resolver.at_or_before(&self.local_times, until)?;
        (latest >= self.first.max(ceil_to_second(from))).then(|| Timestamp::from_seconds(latest))
    }

    fn window(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        self.stored.settings.window()
    }

    fn zone(&self) -> Option<&Zone> {
        Some(&self.resolver.zone)
    }

    fn jitter(&self) -> Option<Jitter> {
        self.stored.settings.run_settings.jitter
    }

    fn max_runs(&self) -> Option<u64> {
        self.stored.settings.run_settings.max_runs
    }

    fn anomalies(&self, from: Timestamp, until: Timestamp) -> Vec<FireTimeAnomaly> {
        let Some(last) = self.last else {
            return Vec::new();
        };
        let from = from.max(Timestamp::from_seconds(self.first));
        let until = until.min(Timestamp::from_seconds(last));
        self.resolver.anomalies(&self.local_times, from, until)
    }

    fn is_same(&self, other: &dyn Trigger) -> bool {
        let other = (other as &dyn Any).downcast_ref::<Self>();
        other.is_some_and(|other| self.stored == other.stored)
    }

    fn spec(&self) -> TriggerSpec {
        encode_spec(Self::KIND, Self::VERSION, &self.stored)
    }
}

/// Parses weekdays into a bit set; bit 0 is Monday.
pub(crate) fn weekdays(CronValue(value): &CronValue) -> Result<u8, TriggerError> {
    let expression =
        Expression::parse(Field::DayOfWeek, value, &mut String::new()).map_err(trigger_error)?;
    Ok(month::to_bit_set(&expression.terms) as u8)
}

/// Formats a bit set of weekdays as names, such as `sat,sun`.
pub(crate) fn weekday_names(weekdays: u8) -> String {
    let names = WEEKDAYS.iter().enumerate();
    let named = names.filter(|(day, _)| weekdays >> day & 1 != 0);
    named.map(|(_, &name)| name).collect::<Vec<_>>().join(",")
}

fn ceil_to_second(instant: Timestamp) -> i64 {
    -(-instant.as_micros()).div_euclid(1_000_000)
}

impl fmt::Display for CronTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stored.times.fmt(f)
    }
}
