//! Runs the jobs of the Punctual job scheduler in a pool of child processes.
//!
//! See [`ProcessPoolExecutor`]. Users of the scheduler depend on `punctual`, which re-exports it with its
//! feature `executor-process`.

#[cfg(not(unix))]
compile_error!("punctual-executor-process ends process groups by signals: it needs Unix");

mod builder;
mod error;
mod executor;
mod inside;
mod options;
mod output;
mod pool;
mod wire;

pub use builder::ProcessPoolBuilder;
pub use error::{RemoteError, ResultTooLong};
pub use executor::ProcessPoolExecutor;
pub use inside::init;
pub use output::{OutputLine, OutputStream};
