//! Timeouts, cancellation and retries of runs.

mod cancel;
mod dead_letters;
mod retries;
mod timeouts;
