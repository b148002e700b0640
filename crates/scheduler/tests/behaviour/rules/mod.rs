//! Which runs are started, and when.

mod coalesce;
mod events;
mod jitter;
mod lateness;
mod limits;
