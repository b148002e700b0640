//! Errors of runs in child processes.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The error of a task that ran in a child process: its text and those of its sources. The original error type is lost
/// because the task does not implement [`write_error`](punctual_core::Task::write_error).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteError {
    text: String,
    source: Option<Box<RemoteError>>,
}

impl RemoteError {
    pub(crate) fn from_error(error: &(dyn Error + 'static)) -> Self {
        Self::with_sources(error, 32)
    }

    fn with_sources(error: &(dyn Error + 'static), max_depth: usize) -> Self {
        let source = error.source().filter(|_| max_depth > 0);
        let source = source.map(|source| Box::new(Self::with_sources(source, max_depth - 1)));
        Self { text: error.to_string(), source }
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for RemoteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// The value or error that a task returned in a child process was too long to be sent to the parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the task's result is longer than the limit of {limit} bytes; see `max_message_bytes`")]
#[non_exhaustive]
pub struct ResultTooLong {
    /// The maximum size of a message in bytes.
    pub limit: usize,
}
