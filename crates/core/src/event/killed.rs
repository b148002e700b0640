//! How a run lost its process.

use std::fmt;
use std::time::Duration;

/// How the process ended that a run was in, while the run was under way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Killed {
    /// A signal ended it: the task crashed, or somebody else sent the signal, such as the kernel for want
    /// of memory.
    Signal(i32),
    /// It exited with this status: the task did so itself.
    Exited(i32),
    /// The executor ended it, because the run took longer than this, which was its time limit.
    TimedOut(Duration),
    /// The executor ended it, because the run had been asked to end and had not done so within this time.
    Cancelled(Duration),
    /// The executor ended it, because it no longer made sense to the executor: what it said.
    Confused(String),
}

impl fmt::Display for Killed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(signal) => match name(*signal) {
                Some(name) => write!(f, "its process was ended by signal {signal} ({name})"),
                None => write!(f, "its process was ended by signal {signal}"),
            },
            Self::Exited(status) => write!(f, "its process exited with status {status}"),
            Self::TimedOut(limit) => write!(f, "it took longer than {limit:?}"),
            Self::Cancelled(grace) => {
                write!(f, "it was asked to end and had not done so after {grace:?}")
            }
            Self::Confused(what) => write!(f, "its process went wrong: {what}"),
        }
    }
}

/// The names of the signals that end processes; only those whose number is the same on every Unix.
fn name(signal: i32) -> Option<&'static str> {
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
