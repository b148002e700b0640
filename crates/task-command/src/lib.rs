//! The command task of the Punctual job scheduler: jobs that run a program.
//!
//! See [`command`] and [`CommandTask`]. Users of the scheduler depend on `punctual`, which re-exports them
//! with its feature `task-command`.

#[cfg(not(unix))]
compile_error!("punctual-task-command kills process groups with signals, which requires Unix");

mod capture;
mod command;
mod error;
mod group;
mod output;
mod run;
mod runtime;
mod spec;
mod stored;
mod task;
mod watchdog;

pub use command::{JobCommand, command, shell};
pub use error::CommandError;
pub use output::{CapturedOutput, CommandOutput, CommandStatus};
pub use task::CommandTask;
