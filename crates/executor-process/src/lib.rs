//! Runs the jobs of the Punctual job scheduler in a pool of child processes.
//!
//! See [`ProcessPoolExecutor`]. Users of the scheduler depend on `punctual`, which re-exports it.

mod builder;
mod error;
mod executor;
#[cfg(unix)]
mod inside;
#[cfg(not(unix))]
#[path = "unsupported.rs"]
mod inside;
mod output;
#[cfg(unix)]
mod pool;
#[cfg(not(unix))]
#[path = "unsupported.rs"]
mod pool;
#[cfg(unix)]
mod wire;

pub use builder::ProcessPoolBuilder;
pub use error::{RemoteError, ResultTooLong};
pub use executor::ProcessPoolExecutor;
pub use inside::init;
pub use output::{OutputLine, OutputStream};
