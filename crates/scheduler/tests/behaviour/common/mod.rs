//! What the tests share: events as text, tasks that tell, stores that fail, executors that wait.

mod events;
mod executors;
mod faulty;
mod rig;
mod tasks;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use events::{Recorder, brief};
pub(crate) use executors::{Broken, Held, Killing, Waiting};
pub(crate) use faulty::{Call, Fault, Faults, Faulty, faulty};
pub(crate) use rig::Rig;
pub(crate) use tasks::{Log, boom, fail, gated, note};

use punctual_core::Timestamp;
use punctual_store_sql::SqliteJobStore;
use tempfile::TempDir;

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// So many seconds after the beginning of the tests' time.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + seconds)
}

/// The folder of a SQLite file; a store on it for each who asks.
pub(crate) struct File(TempDir);

impl File {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn store(&self) -> SqliteJobStore {
        SqliteJobStore::open(self.path()).expect("a store")
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("jobs.sqlite")
    }

    /// Copies what it holds, while nobody writes.
    pub(crate) fn backup(&self) -> Self {
        let backup = Self::new();
        for ending in ["", "-wal"] {
            let from = self.path().with_extension(format!("sqlite{ending}"));
            let to = backup.path().with_extension(format!("sqlite{ending}"));
            fs::copy(from, to).expect("a copy");
        }
        backup
    }

    /// Puts another one in the place of this one.
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
