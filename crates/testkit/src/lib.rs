//! Conformance suites, a manual clock and a manual scheduler for Punctual and its store and executor crates.

mod clock;
pub mod job_store;

pub use clock::ManualClock;
