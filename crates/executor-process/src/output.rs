//! What jobs print.

use std::fmt;

use punctual_core::{JobId, RunId};

/// Where a line was printed.
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
    /// The run that was under way; none if something was printed between two runs, such as by a program
    /// that a job has left behind.
    pub run_id: Option<RunId>,
    /// The run's job.
    pub job_id: Option<&'a JobId>,
    /// Where it was printed.
    pub stream: OutputStream,
    /// The line without its end. What is not UTF-8 is replaced; a line of more than 8 KiB comes in pieces.
    pub text: &'a str,
}

/// Tells the log.
pub(crate) fn trace(line: &OutputLine<'_>) {
    let run = line.run_id.map(tracing::field::display);
    let job = line.job_id.map(tracing::field::display);
    tracing::info!(target: "punctual::output", run, job, stream = %line.stream, "{}", line.text);
}
