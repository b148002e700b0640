//! The output of jobs.

use std::fmt;

use punctual_core::{JobId, RunId};

/// The stream of a line of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl fmt::Display for OutputStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        })
    }
}

/// A line that a job has printed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutputLine<'a> {
    /// The current run of the process; `None` for output between two runs, such as from a program that a job has
    /// started and that is still running.
    pub run_id: Option<RunId>,
    /// The run's job.
    pub job_id: Option<&'a JobId>,
    /// The stream.
    pub stream: OutputStream,
    /// The line without its line ending. Invalid UTF-8 is replaced by U+FFFD; a line of more than 8 KiB is split.
    pub text: &'a str,
}

/// The default listener: logs the line.
pub(crate) fn log_output_line(line: &OutputLine<'_>) {
    let run = line.run_id.map(tracing::field::display);
    let job = line.job_id.map(tracing::field::display);
    tracing::info!(target: "punctual::output", run, job, stream = %line.stream, "{}", line.text);
}
