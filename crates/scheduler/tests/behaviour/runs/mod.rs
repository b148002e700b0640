//! Timeouts and cancellation of runs.

mod cancel;
mod timeouts;
