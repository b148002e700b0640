//! The output of jobs.

use punctual_core::{JobId, OutputStream, RunId};

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
