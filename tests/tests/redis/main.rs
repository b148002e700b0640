//! Tests that concern Redis only: its errors, its settings, and the number of requests.

mod client;
mod data;
mod errors;
mod failures;
mod jobs;
mod requests;
mod servers;
mod warnings;
mod watch;
