//! What processes print: their streams, lines, and the log that receives the lines.

mod line;
mod log;

use std::fmt;

pub use line::{LineSplitter, OutputLine};
pub use log::{log_is_received, log_warning};

/// One of the two streams to which a process writes its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl fmt::Display for OutputStream {
    /// Formats the stream as `stdout` or `stderr`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        })
    }
}
