//! Date, interval, cron and calendar triggers of the Punctual job scheduler on a civil-time engine.
//!
//! | trigger | fires |
//! |---|---|
//! | [`DateTrigger`] | once, at an instant |
//! | [`IntervalTrigger`] | at a fixed interval of elapsed time |
//! | [`CronTrigger`] | at local times that match a cron schedule |
//! | [`CalendarIntervalTrigger`] | at a local time of day, every `n` days, weeks, months or years |
//! | [`OrTrigger`] | when at least one of several triggers fires |
//! | [`AndTrigger`] | when several triggers fire at the same instant |
//! | [`ExceptTrigger`] | when another trigger fires, except on excluded days; see [`except`](ExceptExt::except) |
//!
//! Each trigger is constructed by a builder, which validates all settings in `build()`. A builder is also accepted
//! wherever a trigger is expected; settings that were not given default to those of the scheduler.
//!
//! ```
//! use punctual_core::{Timestamp, Trigger};
//! use punctual_triggers::CronTrigger;
//!
//! let trigger = CronTrigger::builder()
//!     .day_of_week("mon-fri").hour(5).minute(30)
//!     .timezone("Europe/Helsinki")
//!     .build()?;
//! assert_eq!(trigger.to_string(), "cron[day_of_week='mon-fri', hour='5', minute='30']");
//! let friday_noon = Timestamp::from_seconds(1_772_798_400);
//! let fire = trigger.next_fire_time(None, friday_noon).unwrap();
//! assert_eq!(fire.to_string(), "2026-03-09T03:30:00Z");
//! # Ok::<(), punctual_core::TriggerError>(())
//! ```
//!
//! [`TriggerExt`] lists the fire times of any trigger and explains where they deviate from its schedule.
//!
//! Fire times of cron triggers are computed from bit sets of the field values, without iterating over time. The cost
//! does not depend on the distance from the given instant to the next or the latest fire time.

mod builder;
mod calendar_interval;
mod civil;
mod combine;
mod cron;
mod date;
mod display;
mod except;
pub mod explain;
mod input;
mod interval;
mod search_budget;

pub use calendar_interval::{CalendarIntervalTrigger, CalendarIntervalTriggerBuilder};
pub use civil::{Fold, Gap};
pub use combine::{AndTrigger, AndTriggerBuilder, OrTrigger, OrTriggerBuilder};
pub use cron::{CronTrigger, CronTriggerBuilder, CronValue};
pub use date::{DateTrigger, DateTriggerBuilder};
pub use except::{Calendar, ExceptExt, ExceptTrigger, ExceptTriggerBuilder};
pub use explain::{Explanation, FireTimes, TriggerExt};
pub use input::DateTimeInput;
pub use interval::{IntervalAmount, IntervalTrigger, IntervalTriggerBuilder};

use std::sync::Arc;

use punctual_core::{
    IntoTrigger, Timestamp, Trigger, TriggerDefaults, TriggerError, TriggerRegistry, TriggerSpec,
    Zone,
};

/// Returns the defaults of a scheduler with this time zone at this time, by which text in the format of crontabs can be
/// used as a trigger.
///
/// ```
/// use punctual_core::{IntoTrigger, Timestamp, Zone};
///
/// let defaults = punctual_triggers::trigger_defaults(Zone::utc(), Timestamp::UNIX_EPOCH);
/// let trigger = "*/5 * * * *".into_trigger(&defaults)?;
/// assert_eq!(trigger.to_string(), "crontab[*/5 * * * *]");
/// # Ok::<(), punctual_core::TriggerError>(())
/// ```
#[must_use]
pub fn trigger_defaults(zone: Zone, now: Timestamp) -> TriggerDefaults {
    let parse = |line: &str, defaults: &TriggerDefaults| {
        CronTrigger::from_crontab(line).into_trigger(defaults)
    };
    TriggerDefaults::new(zone, now).with_crontab(parse)
}

/// Registers the triggers of this crate with `registry`. Their kinds are `date`, `interval`, `cron`,
/// `calendarinterval`, `and`, `or` and `except`.
pub fn register_builtin_triggers(registry: &mut TriggerRegistry) {
    fn simple<T: Trigger>(
        restore: fn(&TriggerSpec) -> Result<T, TriggerError>,
    ) -> impl Fn(&TriggerSpec, &TriggerRegistry) -> Result<Arc<dyn Trigger>, TriggerError> {
        move |spec, _| Ok(Arc::new(restore(spec)?))
    }
    registry.register(DateTrigger::KIND, simple(DateTrigger::restore));
    registry.register(IntervalTrigger::KIND, simple(IntervalTrigger::restore));
    registry.register(CronTrigger::KIND, simple(CronTrigger::restore));
    registry.register(CalendarIntervalTrigger::KIND, simple(CalendarIntervalTrigger::restore));
    registry.register(AndTrigger::KIND, |spec, registry| {
        Ok(Arc::new(AndTrigger::restore(spec, registry)?))
    });
    registry.register(OrTrigger::KIND, |spec, registry| {
        Ok(Arc::new(OrTrigger::restore(spec, registry)?))
    });
    registry.register(ExceptTrigger::KIND, |spec, registry| {
        Ok(Arc::new(ExceptTrigger::restore(spec, registry)?))
    });
}
