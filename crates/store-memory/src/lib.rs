//! The in-memory job store of the Punctual job scheduler.
//!
//! [`MemoryJobStore`] keeps jobs as long as the value or a clone of it exists. It is the only store that can
//! store closures.

mod history;
mod jobs;
mod state;
mod store;

pub use store::MemoryJobStore;
