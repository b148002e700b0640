//! What a child process is told to be.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use punctual::prelude::*;
use serde::{Deserialize, Serialize};

use crate::halt::Halt;
use crate::store::{Access, Place};

/// What a child process is told to be; given to it as JSON.
///
/// It opens the store, adds the jobs that it should, says `ready` and waits. Told `go`, it runs what is due;
/// told `release`, it lets held runs end; told `halt`, it halts after its next renewal, and told `on`, it goes
/// on from where it halts; and when its input is closed, it shuts down. When its store fails or works again, or
/// its lease was lost, it says `failed`, `recovered` or `lost`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    /// Where the journal is.
    pub folder: PathBuf,
    /// Where the jobs are.
    pub place: Place,
    /// How it opens the store there.
    pub access: Access,
    /// Its name in the journal.
    pub name: String,
    /// Its name among the processes that share the store.
    pub identity: Option<String>,
    /// Its lease.
    pub lease: Duration,
    /// The longest wait before something that failed is tried again; the scheduler's own if none.
    pub retry_interval: Option<Duration>,
    /// By how many seconds its clock is wrong: how far ahead it is, or, if negative, behind.
    pub ahead: i64,
    /// How many runs it may have under way.
    pub max_running: usize,
    /// On how many threads of a pool it runs them; on tokio if none.
    pub threads: Option<usize>,
    /// Whether it writes down which ends of runs it is told of, in `ends` beside the journal.
    pub notes_ends: bool,
    /// Whether it adds the endless jobs, as a program does at each start.
    pub adds_jobs: bool,
    /// Whether its runs last until they are released, instead of a moment.
    pub holds: bool,
    /// How long its longest runs take; most take less.
    pub longest: Duration,
    /// Where it halts, to be killed there.
    pub halts: Option<Halt>,
    /// Whether it does nothing but write for a long time, in tables of its own.
    pub hogs: bool,
}

impl Role {
    /// A process of this name on the SQLite store in `folder`, with everything as it is by default.
    pub fn new(folder: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        let folder = folder.into();
        Self {
            place: Place::from(folder.as_path()),
            access: Access::default(),
            folder,
            name: name.into(),
            identity: None,
            lease: Duration::from_secs(10),
            retry_interval: None,
            ahead: 0,
            max_running: 10_000,
            threads: None,
            notes_ends: false,
            adds_jobs: false,
            holds: false,
            longest: Duration::from_millis(30),
            halts: None,
            hogs: false,
        }
    }

    /// The command that starts the child process.
    ///
    /// # Panics
    ///
    /// When the role can't be written.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg(serde_json::to_string(self).expect("a role"));
        command
    }
}

/// The clock of a machine where it is wrong.
#[derive(Debug)]
pub struct WrongClock {
    /// How many seconds it is ahead.
    pub ahead: i64,
}

impl Clock for WrongClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().saturating_add_micros(self.ahead * 1_000_000)
    }

    fn follows_stores(&self) -> bool {
        SystemClock.follows_stores()
    }
}
