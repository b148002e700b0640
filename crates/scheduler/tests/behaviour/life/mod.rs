//! Starting, pausing, shutting down, and starting again.

mod failed_start;
mod idle;
mod inside;
mod listener;
mod restart;
mod shutdown;
mod start;
mod wind_down;
