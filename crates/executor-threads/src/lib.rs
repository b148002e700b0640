//! Runs the jobs of the Punctual job scheduler on a rayon thread pool.
//!
//! See [`ThreadPoolExecutor`]. Users of the scheduler depend on `punctual`, which re-exports it.

mod executor;
mod runtime;
mod worker;

pub use executor::ThreadPoolExecutor;
