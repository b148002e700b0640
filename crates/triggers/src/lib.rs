//! Date, interval, cron and calendar triggers of the Punctual job scheduler on a civil-time engine.
//!
//! | trigger | fires |
//! |---|---|
//! | [`DateTrigger`] | once, at an instant |
//! | [`IntervalTrigger`] | every so many seconds of elapsed time |
//! | [`CronTrigger`] | whenever the local clock and calendar match some fields |
//! | [`CalendarIntervalTrigger`] | every so many days, weeks, months or years, at a time of day |
//! | [`OrTrigger`] | whenever one of several triggers does |
//! | [`AndTrigger`] | when several triggers all do |
//! | [`ExceptTrigger`] | when a trigger does, but not on excluded days: [`trigger.except(calendar)`](Except::except) |
//!
//! Each is made by a builder that checks everything in `build()`. Wherever a trigger is wanted, the builder
//! itself will do, and takes what it was not told from the scheduler.
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
//! [`TriggerExt`] asks any trigger for its fires, and why they are when they are.
//!
//! Fire times are found by jumping over bit sets of the fields, not by stepping through time, and the
//! latest fire before an instant is found the same way; neither gets slower with the distance.

mod builder;
mod calendar_interval;
mod civil;
mod combine;
mod cron;
mod date;
mod except;
pub mod explain;
mod input;
mod interval;
mod steps;
mod text;

pub use calendar_interval::{CalendarIntervalTrigger, CalendarIntervalTriggerBuilder};
pub use civil::{Fold, Gap};
pub use combine::{AndTrigger, AndTriggerBuilder, OrTrigger, OrTriggerBuilder};
pub use cron::{CronTrigger, CronTriggerBuilder, CronValue};
pub use date::{DateTrigger, DateTriggerBuilder};
pub use except::{Calendar, Except, ExceptTrigger, ExceptTriggerBuilder};
pub use explain::{Explanation, Fires, TriggerExt};
pub use input::DateTimeInput;
pub use interval::{Amount, IntervalTrigger, IntervalTriggerBuilder};

use std::sync::Arc;

use punctual_core::{Trigger, TriggerError, TriggerRegistry, TriggerSpec};

/// Makes the triggers of this crate known to `registry`, under the kinds `date`, `interval`, `cron`,
/// `calendarinterval`, `and`, `or` and `except`.
pub fn register_builtin(registry: &mut TriggerRegistry) {
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
