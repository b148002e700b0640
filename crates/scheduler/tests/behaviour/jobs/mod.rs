//! Adding, finding, changing and removing jobs.

mod add;
mod change;
mod checks;
mod client;
mod components;
mod concurrent;
mod concurrent_runs;
mod context;
mod declared;
mod describe;
mod find;
mod invalid;
mod pending;
mod remove;
mod replace;
mod run_now;
mod transaction;
mod watch;
