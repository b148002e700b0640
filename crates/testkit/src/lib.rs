//! Conformance suites, a manual clock and a manual scheduler for Punctual and its store and executor crates.

mod clock;
pub mod executor;
pub mod job_store;
mod layer;
mod manual;
mod server;

pub use clock::ManualClock;
pub use layer::{Layered, StoreCall, StoreLayer};
pub use manual::ManualScheduler;
pub use server::server_url;
