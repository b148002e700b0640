//! The civil-time engine: wall times as patterns, resolved to instants last.
//!
//! Civil time is counted in seconds since 1970-01-01T00:00:00 on the local clock, whatever zone that is.
//! A [`WallTimes`] says which civil seconds a trigger means, and nothing about zones; a [`Timeline`] lays
//! them on the line of instants, by a zone's table of transitions and the trigger's policy at them.

mod calendar;
mod days;
mod oddities;
mod policy;
mod timeline;

pub(crate) use calendar::{
    FIRST_YEAR, LAST_DAY, LAST_YEAR, Year, date_of, day_of, is_valid_date, month_length, weekday,
};
pub(crate) use days::{bounds, day_at};
pub(crate) use oddities::{local, spans};
pub use policy::{Fold, Gap};
pub(crate) use timeline::{Timeline, WallTimes, resolve};

/// Seconds of a civil day.
pub(crate) const DAY: i64 = 86_400;
