//! Errors of commands.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use punctual_core::RunOutcome;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::{CommandOutput, JobCommand};

/// The maximum number of bytes from the end of standard error that an error text contains.
const STDERR_EXCERPT_LEN: usize = 1_024;

/// The error of a command that was not run or failed.
///
/// Its text contains the program, its exit status and the end of its standard error, but never its arguments or
/// variables. It can be serialized, unless its source is an I/O error that is not an operating system error.
#[derive(Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CommandError {
    /// This process does not allow the command; see [`CommandTask`](crate::CommandTask).
    #[error("{program} is not allowed: {reason}")]
    #[non_exhaustive]
    NotAllowed {
        /// The program.
        program: String,
        /// The reason.
        reason: String,
    },
    /// The program could not be started, usually because it does not exist.
    #[error("{program} can't be started")]
    #[non_exhaustive]
    NotStarted {
        /// The program.
        program: String,
        /// The underlying error.
        #[serde(with = "system_error")]
        source: io::Error,
    },
    /// The working directory does not exist.
    #[error("{program} can't be started in {directory}", directory = directory.display())]
    #[non_exhaustive]
    NoDirectory {
        /// The program.
        program: String,
        /// The directory.
        directory: PathBuf,
        /// The underlying error.
        #[serde(with = "system_error")]
        source: io::Error,
    },
    /// The process can't be monitored: its thread or the runtime could not be started, waiting for it failed, or its
    /// output could not be read.
    #[error("{program} can't be monitored")]
    #[non_exhaustive]
    WaitFailed {
        /// The program.
        program: String,
        /// The underlying error.
        #[serde(with = "system_error")]
        source: io::Error,
    },
    /// The process could not be killed, because it runs as another user, as with `sudo`, or hangs inside the kernel. It
    /// keeps running.
    #[error("{program} can't be killed and keeps running")]
    #[non_exhaustive]
    NotKilled {
        /// The program.
        program: String,
        /// The underlying error.
        #[serde(with = "system_error")]
        source: io::Error,
    },
    /// It exited with a status other than 0, or was killed by a signal that this process did not send.
    #[error("{program}: {}", ExitSummary(output))]
    #[non_exhaustive]
    Failed {
        /// The program.
        program: String,
        /// The exit status and the output.
        output: Box<CommandOutput>,
    },
    /// It was terminated because its timeout elapsed.
    #[error("{program} was terminated after its timeout of {timeout:?}: {}", ExitSummary(output))]
    #[non_exhaustive]
    TimedOut {
        /// The program.
        program: String,
        /// The timeout.
        timeout: Duration,
        /// The exit status and the output.
        output: Box<CommandOutput>,
    },
    /// It was terminated because its run was cancelled, usually by a shutdown.
    #[error("{program} was cancelled: {}", ExitSummary(output))]
    #[non_exhaustive]
    Cancelled {
        /// The program.
        program: String,
        /// The exit status and the output.
        output: Box<CommandOutput>,
    },
}

/// The reason why a command was terminated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    Cancelled,
    TimedOut,
}

impl CommandError {
    pub(crate) fn not_allowed(command: &JobCommand, reason: String) -> Self {
        Self::NotAllowed { program: program(command), reason }
    }

    /// Determines which error to report: the error number is the same for a missing directory and a missing program.
    pub(crate) fn not_started(command: &JobCommand, source: io::Error) -> Self {
        let program = program(command);
        match command.get_current_dir() {
            Some(directory) if !directory.is_dir() => {
                Self::NoDirectory { program, directory: directory.to_owned(), source }
            }
            _ => Self::NotStarted { program, source },
        }
    }

    pub(crate) fn unwatched(command: &JobCommand, source: io::Error) -> Self {
        Self::WaitFailed { program: program(command), source }
    }

    pub(crate) fn not_ended(command: &JobCommand, source: io::Error) -> Self {
        Self::NotKilled { program: program(command), source }
    }

    pub(crate) fn failed(command: &JobCommand, output: CommandOutput) -> Self {
        Self::Failed { program: program(command), output: Box::new(output) }
    }

    pub(crate) fn terminated(
        command: &JobCommand,
        reason: StopReason,
        output: CommandOutput,
    ) -> Self {
        let (program, output) = (program(command), Box::new(output));
        match (reason, command.spec.timeout) {
            (StopReason::TimedOut, Some(timeout)) => Self::TimedOut { program, timeout, output },
            _ => Self::Cancelled { program, output },
        }
    }

    /// Returns the exit status and the output, if the program was started.
    #[must_use]
    pub fn output(&self) -> Option<&CommandOutput> {
        match self {
            Self::Failed { output, .. }
            | Self::TimedOut { output, .. }
            | Self::Cancelled { output, .. } => Some(output),
            _ => None,
        }
    }

    /// Whether a retry may succeed without a change of the configuration. A non-zero exit status is not retryable,
    /// because its meaning depends on the program.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            // Too many processes or open files, out of memory, or the program's file is open for writing.
            Self::NotStarted { source, .. } => matches!(
                Errno::from_io_error(source),
                Some(Errno::AGAIN | Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::TXTBSY)
            ),
            Self::WaitFailed { .. } | Self::TimedOut { .. } | Self::Cancelled { .. } => true,
            _ => false,
        }
    }
}

impl CommandOutput {
    /// Returns the output of a command from the outcome of its run, successful or not. Returns `None` if the run was
    /// not a command's, or the program was not started.
    #[must_use]
    pub fn of(outcome: &RunOutcome) -> Option<Self> {
        match outcome {
            RunOutcome::Success(value) => Self::deserialize(value).ok(),
            RunOutcome::Failed(error) => {
                error.downcast_ref().and_then(CommandError::output).cloned()
            }
            _ => None,
        }
    }
}

/// Serializes operating system errors as their numbers.
mod system_error {
    use std::io::Error;

    use serde::de::{Deserialize, Deserializer};
    use serde::ser::{self, Serializer};

    pub(super) fn serialize<S: Serializer>(error: &Error, to: S) -> Result<S::Ok, S::Error> {
        let number = error.raw_os_error();
        to.serialize_i32(
            number
                .ok_or_else(|| ser::Error::custom("the error is not an operating system error"))?,
        )
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Error, D::Error> {
        Deserialize::deserialize(from).map(Error::from_raw_os_error)
    }
}

fn program(command: &JobCommand) -> String {
    command.get_program().to_owned()
}

/// Displays the exit status and the end of standard error.
struct ExitSummary<'o>(&'o CommandOutput);

impl fmt::Display for ExitSummary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.status)?;
        match self.0.stderr.tail_excerpt(STDERR_EXCERPT_LEN) {
            "" => Ok(()),
            tail => write!(f, ": {tail}"),
        }
    }
}
