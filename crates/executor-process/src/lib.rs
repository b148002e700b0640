//! Runs the jobs of the Punctual job scheduler in a pool of child processes.
//!
//! See [`ProcessPoolExecutor`]. Users of the scheduler depend on `punctual`, which re-exports it with its
//! feature `executor-process`.

#[cfg(not(unix))]
compile_error!("punctual-executor-process kills process groups with signals, which requires Unix");

mod builder;
mod child;
mod error;
mod executor;
mod options;
mod pool;
mod wire;

pub use builder::ProcessPoolExecutorBuilder;
pub use child::init;
pub use error::{RemoteError, ResultTooLong};
pub use executor::ProcessPoolExecutor;
pub use punctual_core::OutputLine;
