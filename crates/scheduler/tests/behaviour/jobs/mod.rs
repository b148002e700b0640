//! Adding, finding, changing and removing jobs.

mod add;
mod bulk;
mod change;
mod checks;
mod client;
mod components;
mod concurrent;
mod concurrent_runs;
mod context;
mod declared;
mod describe;
mod export;
mod find;
mod handle;
mod invalid;
mod listing;
mod move_job;
mod pending;
mod remove;
mod replace;
mod run_now;
mod tags;
mod transaction;
mod watch;
