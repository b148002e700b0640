//! The punctual command, as a library for its own tests.

pub mod account;
pub mod command;
pub mod crontab;
