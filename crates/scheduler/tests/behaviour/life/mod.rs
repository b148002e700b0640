//! Starting, pausing, shutting down, and restarting.

mod failed_start;
mod idle;
mod inside;
mod listener;
mod restart;
mod shutdown;
mod start;
mod wind_down;
