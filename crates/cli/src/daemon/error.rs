//! Why the daemon can't go on.

use std::io;
use std::path::PathBuf;

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
    #[error("who punctual runs as is not known")]
    Account(#[from] AccountError),
    /// There is no place for the state file, and none was named.
    #[error("there is no place for the state at {path}; name a file with --state")]
    NoState {
        /// What is not there and can't be made.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The state file can't be made or locked.
    #[error("the state can't be kept in {file}")]
    StateFile {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The state file can't be used.
    #[error("the state can't be kept in {file}")]
    Store {
        /// The file.
        file: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// Another daemon keeps its state there, for as long as it runs.
    #[error("the state in {0} is in use: another punctual is running with it")]
    InUse(PathBuf),
    /// The state is that of another crontab.
    #[error(
        "the state in {state} belongs to another crontab, {owner}: give {crontab} a --state of its own, or, if it is \
         the same crontab at a new place, add --moved-from {owner}"
    )]
    OfAnother {
        /// The state file.
        state: PathBuf,
        /// The crontab whose it is.
        owner: String,
        /// The crontab that was to be run.
        crontab: PathBuf,
    },
    /// The file has jobs that no crontab has put there.
    #[error("{0} holds the jobs of another program: name another file with --state")]
    NotAState(PathBuf),
    /// The scheduler could not do something.
    #[error(transparent)]
    Scheduler(#[from] SchedulerError),
    /// Signals can't be received, or no runtime be made.
    #[error(transparent)]
    System(#[from] io::Error),
}
