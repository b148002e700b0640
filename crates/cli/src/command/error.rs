//! How commands fail.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// A command that was not run, or did not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// Its shell could not be started.
    #[error("{shell} can't be started: {source}")]
    NotStarted {
        /// The shell.
        shell: String,
        /// Why.
        source: io::Error,
    },
    /// It could not be waited for.
    #[error("the command can't be watched: {0}")]
    Unwatched(#[from] io::Error),
    /// It ended, but not with status 0.
    #[error("{}", Ending(*.0))]
    Failed(ExitStatus),
    /// It was ended because the daemon shuts down.
    #[error("ended by the shutdown: {}", Ending(*.0))]
    Cancelled(ExitStatus),
}

struct Ending(ExitStatus);

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.code(), self.0.signal()) {
            (Some(code), _) => write!(f, "exit status {code}"),
            (None, Some(signal)) => write!(f, "killed by signal {signal}"),
            (None, None) => write!(f, "{}", self.0),
        }
    }
}
