//! The log that receives what jobs print, or the terminal if there is none.

use std::fmt;
use std::io::{Write, stderr, stdout};

use log::LevelFilter;
use tracing::dispatcher;
use tracing::subscriber::NoSubscriber;

use super::{OutputLine, OutputStream};

/// Returns whether the program receives log records: by a `tracing` subscriber, or by a logger of the crate `log`. If
/// not, failures and the output of jobs are written to the terminal instead.
#[must_use]
pub fn log_is_received() -> bool {
    // A logger receives the records of `tracing` if there is no subscriber.
    log::max_level() != LevelFilter::Off
        || !dispatcher::get_default(|current| current.is::<NoSubscriber>())
}

/// Logs a warning with the target `punctual::scheduler`. If no log [is received](log_is_received), it is written to
/// standard error. It may be closed; unlike `eprintln!`, this does not panic.
#[doc(hidden)]
pub fn log_warning(text: &dyn fmt::Display) {
    if log_is_received() {
        tracing::warn!(target: "punctual::scheduler", "{text}");
    } else {
        let _ = writeln!(stderr(), " WARN punctual: {text}");
    }
}

impl OutputLine<'_> {
    /// Logs the line with the level INFO and the target `punctual::output`. If no log [is
    /// received](log_is_received), it is written to the same stream of this process.
    pub fn log(&self) {
        if log_is_received() {
            let run = self.run_id.map(tracing::field::display);
            let job = self.job_id.map(tracing::field::display);
            tracing::info!(target: "punctual::output", run, job, stream = %self.stream, "{}", self.text);
            return;
        }
        // The stream may be closed. Unlike `println!`, this does not panic.
        let _ = match self.stream {
            OutputStream::Stdout => writeln!(stdout(), "{}", self.text),
            OutputStream::Stderr => writeln!(stderr(), "{}", self.text),
        };
    }
}
