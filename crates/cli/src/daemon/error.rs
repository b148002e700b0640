//! Errors of the daemon.

use std::io;
use std::path::PathBuf;

use punctual::{SchedulerError, StoreError};

use crate::account::AccountError;
use crate::crontab::CrontabError;

/// An error of the daemon.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// The crontab can't be used.
    #[error(transparent)]
    Crontab(#[from] CrontabError),
    /// The user of this process can't be determined.
    #[error("the user of this process can't be determined")]
    Account(#[from] AccountError),
    /// The default state file can't be determined or created.
    #[error("the default state file can't be used ({path}); choose another file with --state")]
    NoStateFile {
        /// The path that can't be created or does not exist.
        path: PathBuf,
        /// The underlying error.
        source: io::Error,
    },
    /// The state file can't be opened or locked.
    #[error("the state file {file} can't be used")]
    StateFile {
        /// The file.
        file: PathBuf,
        /// The underlying error.
        source: io::Error,
    },
    /// The store in the state file returned an error.
    #[error("the state file {file} can't be used")]
    Store {
        /// The file.
        file: PathBuf,
        /// The underlying error.
        source: StoreError,
    },
    /// Another daemon has locked the state file.
    #[error("the state file {0} is in use by another punctual process")]
    InUse(PathBuf),
    /// The state file belongs to another crontab.
    #[error(
        "the state file {state} belongs to another crontab, {owner}: choose another --state for {crontab}, or, if it \
         is the same crontab at a new path, add --moved-from {owner}"
    )]
    OwnedByOther {
        /// The state file.
        state: PathBuf,
        /// The crontab that owns the state file.
        owner: String,
        /// The crontab passed to the daemon.
        crontab: PathBuf,
    },
    /// The file contains jobs that were not added by a crontab daemon.
    #[error("{0} contains jobs of another program: choose another file with --state")]
    ForeignJobs(PathBuf),
    /// An operation of the scheduler failed.
    #[error(transparent)]
    Scheduler(#[from] SchedulerError),
    /// The signal handlers or the runtime can't be created.
    #[error(transparent)]
    System(#[from] io::Error),
}
