//! The planning of runs.

mod coalesce;
mod events;
mod jitter;
mod lateness;
mod limits;
mod overlap;
