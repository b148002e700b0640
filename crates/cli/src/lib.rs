//! The punctual command, as a library for its tests.

#[cfg(not(unix))]
compile_error!("punctual uses Unix users and process groups, which requires Unix");

pub mod account;
pub mod args;
pub mod command;
pub mod crontab;
pub mod daemon;
pub mod history;
pub mod next;
pub mod secret;
mod zone;
