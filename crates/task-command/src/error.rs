//! How commands fail.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use punctual_core::RunOutcome;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::{Command, CommandOutput};

/// How much of the end of standard error an error shows, in bytes.
const SHOWN: usize = 1_024;

/// A command that was not run, or did not end well.
///
/// It shows the program, how it ended and the end of what it printed to standard error; never its arguments or
/// variables. As data (serde) it can be sent to another process, unless its source is no error of the system's.
#[derive(Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CommandError {
    /// This process does not run such commands; see [`CommandTask`](crate::CommandTask).
    #[error("{program} is not run: {reason}")]
    #[non_exhaustive]
    NotAllowed {
        /// The program.
        program: String,
        /// Why.
        reason: String,
    },
    /// The program could not be started; usually because there is none of that name.
    #[error("{program} can't be started")]
    #[non_exhaustive]
    NotStarted {
        /// The program.
        program: String,
        /// Why.
        #[serde(with = "system_error")]
        source: io::Error,
    },
    /// The directory that it was to run in is not there.
    #[error("{program} can't be started in {directory}", directory = directory.display())]
    #[non_exhaustive]
    NoDirectory {
        /// The program.
        program: String,
        /// The directory.
        directory: PathBuf,
        /// Why.
        #[serde(with = "system_error")]
        source: io::Error,
    },
    /// It could not be waited for, or its output not be read.
    #[error("{program} can't be watched")]
    #[non_exhaustive]
    Unwatched {
        /// The program.
        program: String,
        /// Why.
        #[serde(with = "system_error")]
        source: io::Error,
    },
    /// It was to end and did not, not even killed: it runs as another user by now, as `sudo` does, or hangs inside
    /// the kernel. It is left alone.
    #[error("{program} can't be ended, and is still there")]
    #[non_exhaustive]
    NotEnded {
        /// The program.
        program: String,
        /// Why.
        #[serde(with = "system_error")]
        source: io::Error,
    },
    /// It ended by itself, but not with status 0.
    #[error("{program}: {}", End(output))]
    #[non_exhaustive]
    Failed {
        /// The program.
        program: String,
        /// How it ended, and what it printed.
        output: Box<CommandOutput>,
    },
    /// It was ended because its timeout was over.
    #[error("{program} was ended after its timeout of {timeout:?}: {}", End(output))]
    #[non_exhaustive]
    TimedOut {
        /// The program.
        program: String,
        /// How long it might have run.
        timeout: Duration,
        /// How it ended, and what it printed.
        output: Box<CommandOutput>,
    },
    /// It was ended because its run was cancelled: by a shutdown, as a rule.
    #[error("{program} was asked to end: {}", End(output))]
    #[non_exhaustive]
    Cancelled {
        /// The program.
        program: String,
        /// How it ended, and what it printed.
        output: Box<CommandOutput>,
    },
}

/// Why a command was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Cancelled,
    TimedOut,
}

impl CommandError {
    pub(crate) fn not_allowed(command: &Command, reason: String) -> Self {
        Self::NotAllowed { program: program(command), reason }
    }

    /// The system's answer to a missing directory is the same as to a missing program.
    pub(crate) fn not_started(command: &Command, source: io::Error) -> Self {
        let program = program(command);
        match command.get_current_dir() {
            Some(directory) if !directory.is_dir() => {
                Self::NoDirectory { program, directory: directory.to_owned(), source }
            }
            _ => Self::NotStarted { program, source },
        }
    }

    pub(crate) fn unwatched(command: &Command, source: io::Error) -> Self {
        Self::Unwatched { program: program(command), source }
    }

    pub(crate) fn not_ended(command: &Command, source: io::Error) -> Self {
        Self::NotEnded { program: program(command), source }
    }

    pub(crate) fn failed(command: &Command, output: CommandOutput) -> Self {
        Self::Failed { program: program(command), output: Box::new(output) }
    }

    pub(crate) fn stopped(command: &Command, stop: Stop, output: CommandOutput) -> Self {
        let (program, output) = (program(command), Box::new(output));
        match (stop, command.form.timeout) {
            (Stop::TimedOut, Some(timeout)) => Self::TimedOut { program, timeout, output },
            _ => Self::Cancelled { program, output },
        }
    }

    /// How it ended and what it printed, if it was started.
    #[must_use]
    pub fn output(&self) -> Option<&CommandOutput> {
        match self {
            Self::Failed { output, .. }
            | Self::TimedOut { output, .. }
            | Self::Cancelled { output, .. } => Some(output),
            _ => None,
        }
    }

    /// Whether running it again may help without anybody changing something. What a program means by its status
    /// is not known here: one that failed is not taken to be.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            // Too many processes or open files, no memory, a program that is being written.
            Self::NotStarted { source, .. } => matches!(
                Errno::from_io_error(source),
                Some(Errno::AGAIN | Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::TXTBSY)
            ),
            Self::Unwatched { .. } | Self::TimedOut { .. } | Self::Cancelled { .. } => true,
            _ => false,
        }
    }
}

impl CommandOutput {
    /// What a run's outcome tells of a command, good or bad, if it was one and was started.
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

/// Errors of the system's by their numbers.
mod system_error {
    use std::io::Error;

    use serde::de::{Deserialize, Deserializer};
    use serde::ser::{self, Serializer};

    pub(super) fn serialize<S: Serializer>(error: &Error, to: S) -> Result<S::Ok, S::Error> {
        let number = error.raw_os_error();
        to.serialize_i32(number.ok_or_else(|| ser::Error::custom("it has no number"))?)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Error, D::Error> {
        Deserialize::deserialize(from).map(Error::from_raw_os_error)
    }
}

fn program(command: &Command) -> String {
    command.get_program().to_owned()
}

/// How a process ended, and its last words.
struct End<'o>(&'o CommandOutput);

impl fmt::Display for End<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.status)?;
        match self.0.stderr.end(SHOWN) {
            "" => Ok(()),
            words => write!(f, ": {words}"),
        }
    }
}
