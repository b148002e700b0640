//! The in-memory job store of the Punctual job scheduler.
//!
//! [`MemoryJobStore`] keeps jobs as long as the value or a clone of it exists. Like every store that does not outlive
//! the process, it can store jobs that execute closures.

mod history;
mod jobs;
mod state;
mod store;

pub use store::MemoryJobStore;
