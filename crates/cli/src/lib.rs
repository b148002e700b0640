//! The punctual command, as a library for its own tests.

#[cfg(not(unix))]
compile_error!(
    "punctual runs the commands of crontabs, with users and process groups: it needs Unix"
);

pub mod account;
pub mod args;
pub mod command;
pub mod crontab;
pub mod daemon;
pub mod history;
pub mod next;
pub mod secret;
mod zone;
