//! Runs the jobs of the Punctual job scheduler on the loop that a program has: the loop of a window, of a game, of a
//! single-threaded server, or a single-threaded async runtime.
//!
//! See [`LoopExecutor`]. Users of the scheduler depend on `punctual`, which re-exports it.

mod budget;
#[cfg(all(unix, feature = "calloop"))]
mod calloop;
mod clock;
#[cfg(all(unix, feature = "descriptor"))]
mod descriptor;
mod error;
mod executor;
mod future;
#[cfg(feature = "glib")]
mod glib;
mod local;
mod locals;
mod mailbox;
#[cfg(feature = "qt")]
mod qt;
mod runner;
mod tasks;
#[cfg(feature = "winit")]
mod winit;

pub use budget::LoopBudget;
#[cfg(all(unix, feature = "calloop"))]
pub use calloop::CalloopSource;
#[cfg(all(unix, feature = "descriptor"))]
pub use descriptor::LoopDescriptor;
pub use error::{AttachError, LocalTaskError};
pub use executor::LoopExecutor;
pub use future::LoopFuture;
pub use local::{LocalTask, LocalTaskMarker};
#[cfg(feature = "qt")]
pub use qt::QtReceiver;
pub use runner::LoopRunner;
