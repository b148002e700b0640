//! Why the daemon can't go on.

use std::io;

use punctual::{SchedulerError, StoreError};

use crate::account::AccountError;
use crate::crontab::CrontabError;

/// Why the daemon can't start, or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// The crontab can't be used.
    #[error(transparent)]
    Crontab(#[from] CrontabError),
    /// It is not known who we are.
    #[error("who punctual runs as is not known: {0}")]
    Account(#[from] AccountError),
    /// There is no place for the state file.
    #[error("there is no place for the state: {0}; name a file with --state")]
    State(#[source] io::Error),
    /// The state file can't be used.
    #[error("the state can't be kept: {0}")]
    Store(#[from] StoreError),
    /// The scheduler could not do something.
    #[error(transparent)]
    Scheduler(#[from] SchedulerError),
    /// Signals can't be received, or no runtime be made.
    #[error("{0}")]
    System(#[from] io::Error),
}
