//! Code that the tests share: recorded events, tasks that log, stores and executors with injected faults.

mod events;
mod executors;
mod faulty;
mod fixture;
mod tasks;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use events::{Recorder, brief};
pub(crate) use executors::{
    BlockingShutdownExecutor, FailingExecutor, KillOnShutdownExecutor, ManualExecutor,
};
pub(crate) use faulty::{Call, Fault, Faults, Faulty, Pruning, faulty};
pub(crate) use fixture::SchedulerFixture;
pub(crate) use tasks::{Log, boom, fail, fails_at_gate, gated, interruptible, note};

use punctual_core::Timestamp;
use punctual_store_sql::SqliteJobStore;
use tempfile::TempDir;

/// The timeout for expected events.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// The time that many seconds after the start of a test.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + seconds)
}

/// A temporary SQLite file; each call of `store` opens a new store on it.
pub(crate) struct TempStore(TempDir);

impl TempStore {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn store(&self) -> SqliteJobStore {
        SqliteJobStore::open(self.path()).expect("a store")
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("jobs.sqlite")
    }

    /// Copies the file while no process writes to it.
    pub(crate) fn backup(&self) -> Self {
        let backup = Self::new();
        for ending in ["", "-wal"] {
            let from = self.path().with_extension(format!("sqlite{ending}"));
            let to = backup.path().with_extension(format!("sqlite{ending}"));
            fs::copy(from, to).expect("a copy");
        }
        backup
    }

    /// Replaces this file by another one.
    pub(crate) fn replace_by(&self, other: &Self) {
        for ending in ["-wal", ""] {
            let from = other.path().with_extension(format!("sqlite{ending}"));
            if from.exists() {
                let to = self.path().with_extension(format!("sqlite{ending}"));
                fs::rename(from, to).expect("the other in its place");
            }
        }
    }
}
