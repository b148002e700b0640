//! Behaviour of the scheduler through its public API.

// The macro expands to paths of the facade; here core takes its place.
extern crate punctual_core as punctual;

mod apscheduler;
mod common;
mod failures;
mod history;
mod jobs;
mod lifecycle;
mod planning;
mod runs;
