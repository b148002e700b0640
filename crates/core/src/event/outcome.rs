//! Kinds of run outcomes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::RunOutcome;
use crate::error::error_chain;

/// The kind of a [`RunOutcome`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OutcomeKind {
    /// The task returned a value.
    Success,
    /// The task returned an error.
    Failed,
    /// The task panicked.
    Panicked,
    /// The arguments could not be decoded as the type that the task takes. The task was not executed.
    InvalidArguments,
    /// The run was dequeued after its `misfire_grace_time` had elapsed. The task was not executed.
    Missed,
    /// The executor rejected the run. The task was not executed.
    Refused,
    /// The process of the run terminated before the run finished.
    Killed,
    /// The executor lost the run.
    Lost,
    /// The run exceeded the timeout of its job.
    TimedOut,
    /// The run was cancelled.
    Cancelled,
}

impl OutcomeKind {
    /// All kinds.
    pub const ALL: &'static [Self] = &[
        Self::Success,
        Self::Failed,
        Self::Panicked,
        Self::InvalidArguments,
        Self::Missed,
        Self::Refused,
        Self::Killed,
        Self::Lost,
        Self::TimedOut,
        Self::Cancelled,
    ];

    /// Returns the name of the kind in stores and on the command line, such as `invalid_arguments`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::InvalidArguments => "invalid_arguments",
            Self::Missed => "missed",
            Self::Refused => "refused",
            Self::Killed => "killed",
            Self::Lost => "lost",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
        }
    }

    /// Returns the kind with the given [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl RunOutcome {
    /// Returns the kind of the outcome.
    #[must_use]
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Self::Success(_) => OutcomeKind::Success,
            Self::Failed(_) => OutcomeKind::Failed,
            Self::Panicked(_) => OutcomeKind::Panicked,
            Self::InvalidArguments(_) => OutcomeKind::InvalidArguments,
            Self::Missed => OutcomeKind::Missed,
            Self::Refused(_) => OutcomeKind::Refused,
            Self::Killed(_) => OutcomeKind::Killed,
            Self::Lost => OutcomeKind::Lost,
            Self::TimedOut(_) => OutcomeKind::TimedOut,
            Self::Cancelled => OutcomeKind::Cancelled,
        }
    }

    /// Returns the error text with the sources of the error. `None` for a success and for outcomes without details
    /// ([`Missed`](Self::Missed), [`Cancelled`](Self::Cancelled), [`Lost`](Self::Lost)).
    #[must_use]
    pub fn error_text(&self) -> Option<String> {
        match self {
            Self::Failed(error) => Some(error_chain(&***error).to_string()),
            Self::InvalidArguments(error) => Some(error_chain(error).to_string()),
            Self::Killed(how) => Some(how.to_string()),
            Self::Panicked(text) | Self::Refused(text) => Some(text.clone()),
            Self::TimedOut(timeout) => Some(format!("it exceeded its timeout of {timeout:?}")),
            Self::Success(_) | Self::Missed | Self::Cancelled | Self::Lost => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::OutcomeKind;

    #[test]
    fn each_kind_is_found_by_its_own_name() {
        for &kind in OutcomeKind::ALL {
            assert_eq!(OutcomeKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(OutcomeKind::from_name("Success"), None);
    }
}
