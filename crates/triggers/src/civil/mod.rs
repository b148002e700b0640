//! The civil-time engine: searches sets of local times and resolves the result to an instant.
//!
//! A local time is represented as civil seconds: seconds since 1970-01-01T00:00:00 local time, without a zone. A
//! [`LocalTimeSet`] is a set of such local times. A [`LocalTimeResolver`] maps local times to instants with the
//! transition table of the zone and the gap and fold policies of the trigger.

mod anomalies;
mod calendar;
mod days;
mod policy;
mod resolver;

pub(crate) use anomalies::{to_naive, zone_spans};
pub(crate) use calendar::{
    FIRST_YEAR, LAST_DAY, LAST_YEAR, Year, date_from_day_number, day_number, is_valid_date,
    month_length, weekday,
};
pub(crate) use days::{day_at, day_bounds};
pub use policy::{Fold, Gap};
pub(crate) use resolver::{LocalTimeResolver, LocalTimeSet, local_to_utc};

/// Seconds of a day without a transition.
pub(crate) const SECONDS_PER_DAY: i64 = 86_400;
