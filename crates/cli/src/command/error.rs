//! How commands fail.

use std::io;

use punctual::{CommandError as ProcessError, CommandStatus};

/// A command that was not run, or did not end well. What it printed is in the log already.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// What becomes its user could not be found.
    #[error("{shell} can't be started as another user")]
    NotBecome {
        /// The shell.
        shell: String,
        /// Why.
        source: io::Error,
    },
    /// It could not be started or waited for.
    #[error(transparent)]
    NotRun(ProcessError),
    /// It ended, but not with status 0.
    #[error("{0}")]
    Failed(CommandStatus),
    /// It was ended because the daemon shuts down.
    #[error("ended by the shutdown: {0}")]
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
