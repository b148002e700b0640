//! Errors of commands.

use std::io;

use punctual::{CommandError as ProcessError, CommandStatus};

/// The error of a command that was not run or failed. Its output has been logged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The path of this program, which switches users, could not be determined.
    #[error("{shell} can't be started as another user")]
    ProgramUnknown {
        /// The shell.
        shell: String,
        /// The underlying error.
        source: io::Error,
    },
    /// It could not be started, or waiting for it failed.
    #[error(transparent)]
    NotRun(ProcessError),
    /// It exited with a status other than 0, or was killed by a signal.
    #[error("{0}")]
    Failed(CommandStatus),
    /// It was terminated by a shutdown of the daemon.
    #[error("terminated by the shutdown: {0}")]
    Cancelled(CommandStatus),
}

impl From<ProcessError> for CommandError {
    fn from(error: ProcessError) -> Self {
        match &error {
            ProcessError::Failed { output, .. } => Self::Failed(output.status),
            ProcessError::Cancelled { output, .. } => Self::Cancelled(output.status),
            _ => Self::NotRun(error),
        }
    }
}
