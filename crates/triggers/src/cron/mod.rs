//! Whenever the local clock and calendar match.

#[cfg(test)]
mod bound;
mod builder;
mod crontab;
mod days;
mod expression;
mod field;
mod month;
mod pattern;
mod quartz;
mod refused;
mod scan;
mod schedule;
mod time_of_day;
mod value;
mod years;

use std::fmt;

use punctual_core::{Jitter, Oddity, Timestamp, Trigger, TriggerError, TriggerSpec, Zone};

use crate::builder::{earliest, stored};
use crate::civil::{Fold, Gap, Timeline};
pub use builder::CronTriggerBuilder;
use expression::Expression;
use field::Field;
use pattern::Pattern;
use schedule::{Schedule, Times};
pub use value::CronValue;

/// Fires whenever the local clock and calendar match some fields: cron, with APScheduler's fields and
/// expressions, or with the line of a crontab.
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
/// # How long it takes
///
/// The next fire is found by jumps: no more than ten searches for a wall time (measured over all zones), each of which
/// looks at the months of at most 41 years. Making a trigger finds its last fire of all, in most cases by one such
/// search; one whose times all lie where the clock is put forward, with [`Gap::Skip`], takes 16,040 of them, a
/// millisecond.
///
/// # When the clock changes
///
/// Unless told otherwise, it keeps the tradition of cron. A trigger with a star for hour, minute or second,
/// such as "every 5 minutes", follows the clock: it is silent in an hour that is skipped, and goes on
/// through an hour that is repeated. Any other, such as "at 02:30", fires exactly once a day: later by the length
/// of the gap if its time is skipped, in the first pass if it is repeated. See
/// [`gap`](CronTriggerBuilder::gap) and [`fold`](CronTriggerBuilder::fold).
#[derive(Clone, Debug)]
pub struct CronTrigger {
    pattern: Pattern,
    timeline: Timeline,
    /// The first second at which it may fire.
    first: i64,
    /// The last second at which it fires; none if it never does. Knowing it, a search never has to find
    /// out that there is nothing left.
    last: Option<i64>,
    schedule: Box<Schedule>,
}

impl CronTrigger {
    pub(crate) const KIND: &str = "cron";
    const VERSION: u32 = 1;

    /// Begins a trigger of fields; with none of them given it fires every second.
    pub fn builder() -> CronTriggerBuilder {
        CronTriggerBuilder::of_fields()
    }

    /// Begins a trigger of a crontab line as cron itself reads it: five fields (minute, hour, day of month,
    /// month, day of week) or a macro such as `@daily`. 0 and 7 are Sunday, and where neither day field begins
    /// with a star, a day needs to match only one of them.
    pub fn from_crontab(line: impl Into<String>) -> CronTriggerBuilder {
        CronTriggerBuilder::new(Ok(Times::Crontab(line.into())))
    }

    /// Begins a trigger of a crontab line as APScheduler's `from_crontab` reads it: five fields, all of which must
    /// match, with weekdays counted from Monday = 0.
    pub fn from_apscheduler_crontab(line: &str) -> CronTriggerBuilder {
        CronTriggerBuilder::new(crontab::apscheduler(line).map(Times::Fields))
    }

    /// Begins a trigger of an expression of the Quartz scheduler: second, minute, hour, day of month, month,
    /// day of week and perhaps year, with weekdays counted from Sunday = 1.
    ///
    /// One of the two day fields must be `?`. The day of month knows `L` (the last day), `L-3` (three days before
    /// it), `15W` (the weekday nearest to the 15th, in the same month), `LW` and `L-3W`; the day of week knows
    /// `6#3` (the third Friday), `6L` (the last Friday) and `L` (Saturday). Ranges may wrap: `22-2`, `FRI-MON`.
    /// What Quartz would silently leave out, such as the step in `MON-FRI/2`, is an error.
    ///
    /// ```
    /// use punctual_triggers::CronTrigger;
    ///
    /// let payday = CronTrigger::from_quartz("0 0 9 LW * ?").timezone("Europe/Helsinki").build()?;
    /// assert_eq!(payday.to_string(), "quartz[0 0 9 LW * ?]");
    /// # Ok::<(), punctual_core::TriggerError>(())
    /// ```
    pub fn from_quartz(expression: impl Into<String>) -> CronTriggerBuilder {
        CronTriggerBuilder::new(Ok(Times::Quartz(expression.into())))
    }

    pub(crate) fn restore(spec: &TriggerSpec) -> Result<Self, TriggerError> {
        Self::of(spec.decode(Self::VERSION)?)
    }

    fn of(mut schedule: Schedule) -> Result<Self, TriggerError> {
        let understood = schedule.times.understand()?;
        let (gap, fold) = match understood.follows_clock {
            true => (Gap::Skip, Fold::Both),
            false => (Gap::Shift, Fold::First),
        };
        let timeline = Timeline {
            zone: schedule.timezone.clone(),
            gap: schedule.gap.unwrap_or(gap),
            fold: schedule.fold.unwrap_or(fold),
        };
        let end = schedule.limits.last().as_micros().div_euclid(1_000_000);
        Ok(Self {
            first: ceil_to_second(schedule.limits.first()),
            last: timeline.at_or_before(&understood.pattern, end),
            pattern: understood.pattern,
            timeline,
            schedule: Box::new(schedule),
        })
    }
}

impl Trigger for CronTrigger {
    fn next_fire_time(&self, previous: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let from = ceil_to_second(earliest(previous, now)).max(self.first);
        if self.last.is_none_or(|last| last < from) || previous == Some(Timestamp::MAX) {
            return None;
        }
        self.timeline.at_or_after(&self.pattern, from).map(Timestamp::from_seconds)
    }

    fn latest_fire_time(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let until = until.as_micros().div_euclid(1_000_000).min(self.last?);
        let latest = self.timeline.at_or_before(&self.pattern, until)?;
        (latest >= self.first.max(ceil_to_second(from))).then(|| Timestamp::from_seconds(latest))
    }

    fn zone(&self) -> Option<&Zone> {
        Some(&self.timeline.zone)
    }

    fn jitter(&self) -> Option<Jitter> {
        self.schedule.limits.extras.jitter
    }

    fn max_runs(&self) -> Option<u64> {
        self.schedule.limits.extras.max_runs
    }

    fn oddities(&self, from: Timestamp, until: Timestamp) -> Vec<Oddity> {
        let Some(last) = self.last else {
            return Vec::new();
        };
        let from = from.max(Timestamp::from_seconds(self.first));
        let until = until.min(Timestamp::from_seconds(last));
        self.timeline.oddities(&self.pattern, from, until)
    }

    fn spec(&self) -> TriggerSpec {
        stored(Self::KIND, Self::VERSION, &self.schedule)
    }
}

/// The weekdays that `value` names, as bits from Monday = 0.
pub(crate) fn weekdays(CronValue(value): &CronValue) -> Result<u8, TriggerError> {
    let expression = Expression::parse(Field::DayOfWeek, value, &mut String::new())?;
    Ok(month::bits(&expression.items) as u8)
}

/// The names of weekdays, such as `sat,sun`.
pub(crate) fn weekday_names(weekdays: u8) -> String {
    let names = field::WEEKDAYS.iter().enumerate();
    let named = names.filter(|(day, _)| weekdays >> day & 1 != 0);
    named.map(|(_, &name)| name).collect::<Vec<_>>().join(",")
}

fn ceil_to_second(instant: Timestamp) -> i64 {
    -(-instant.as_micros()).div_euclid(1_000_000)
}

impl fmt::Display for CronTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.schedule.times.fmt(f)
    }
}
