//! The in-memory job store of the Punctual job scheduler.
//!
//! [`MemoryJobStore`] keeps jobs as long as the value (or a clone of it) lives. It is the only kind of
//! store that can keep closures.

mod history;
mod jobs;
mod state;
mod store;

pub use store::MemoryJobStore;
