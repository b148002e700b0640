//! The command task of the Punctual job scheduler: jobs that run a program.
//!
//! See [`command`] and [`CommandTask`]. Users of the scheduler depend on `punctual`, which re-exports them
//! with its feature `task-command`.

#[cfg(not(unix))]
compile_error!("punctual-task-command ends process groups by signals: it needs Unix");

mod capture;
mod command;
mod error;
mod form;
mod group;
mod guard;
mod output;
mod place;
mod run;
mod stored;
mod task;

pub use command::{Command, command, shell};
pub use error::CommandError;
pub use output::{CapturedOutput, CommandOutput, CommandStatus, CommandStream};
pub use task::CommandTask;
