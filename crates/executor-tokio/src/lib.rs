//! Runs the jobs of the Punctual job scheduler on tokio.
//!
//! See [`TokioExecutor`]. Users of the scheduler depend on `punctual`, which re-exports it.

mod executor;
mod runtime;
mod worker;

pub use executor::TokioExecutor;
