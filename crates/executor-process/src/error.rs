//! Errors that come from another process.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The error of a task that ran in a child process: its text and that of its sources. Its type stayed
/// behind, as the task does not know how to [write](punctual_core::Task::write_error) it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteError {
    text: String,
    source: Option<Box<RemoteError>>,
}

impl RemoteError {
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Self {
        Self::with_sources(error, 32)
    }

    fn with_sources(error: &(dyn Error + 'static), most: usize) -> Self {
        let source = error.source().filter(|_| most > 0);
        let source = source.map(|source| Box::new(Self::with_sources(source, most - 1)));
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

/// What a task returned in a child process, value or error, was too long to be sent to the scheduler's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the task's result takes more than the {limit} bytes that a message may have; see `max_message`"
)]
#[non_exhaustive]
pub struct ResultTooLong {
    /// How many bytes a message may have.
    pub limit: usize,
}
