//! Termination of the process of a run.

use std::fmt;
use std::time::Duration;

/// How the process of a run terminated before the run finished.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProcessTermination {
    /// A signal terminated the process: the task crashed, or the signal was sent from outside, for example by the
    /// kernel's out-of-memory killer.
    Signal(i32),
    /// The task exited the process with this status.
    Exited(i32),
    /// The executor terminated the process because the run exceeded this time limit.
    TimedOut(Duration),
    /// The executor terminated the process because the run was cancelled and did not finish within this grace period.
    Cancelled(Duration),
    /// The executor terminated the process because it violated the executor's protocol. Contains the details.
    ProtocolError(String),
}

impl ProcessTermination {
    /// Whether a process that was to be cancelled can have terminated this way because of that.
    pub(crate) fn is_by_cancellation(&self) -> bool {
        matches!(self, Self::Cancelled(_) | Self::Signal(_))
    }
}

impl fmt::Display for ProcessTermination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "its process was terminated by signal {signal} ({name})"),
                None => write!(f, "its process was terminated by signal {signal}"),
            },
            Self::Exited(status) => write!(f, "its process exited with status {status}"),
            Self::TimedOut(limit) => write!(f, "it exceeded its time limit of {limit:?}"),
            Self::Cancelled(grace) => {
                write!(f, "it was cancelled and did not finish within {grace:?}")
            }
            Self::ProtocolError(what) => write!(f, "its process violated the protocol: {what}"),
        }
    }
}

/// Returns the name of a signal that terminates processes, if its number is the same on every Unix.
fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => return None,
    })
}
