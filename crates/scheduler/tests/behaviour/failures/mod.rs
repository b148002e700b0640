//! Behaviour on failures.

mod clock_skew;
mod clock_steps;
mod concurrent_schedulers;
mod corrupt;
mod executors;
mod lost_responses;
mod open_claims;
mod panics;
mod replaced;
mod runs;
mod store_outage;
mod takeover;
mod texts;
mod unconfirmed_commits;
mod unresolved;
