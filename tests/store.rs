//! The store that a test's processes share, looked at by the test itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use punctual::core::DynJobStore;
use punctual::prelude::*;
use punctual::{SchedulerBuilder, Synchronous};
use punctual_testkit::Layered;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::halt::{HaltingLayer, Halts};
use crate::role::occur;

/// Where the jobs are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Place {
    /// In this SQLite file.
    Sqlite(PathBuf),
    /// In the MySQL or MariaDB database of this URL.
    MySql(String),
    /// In the PostgreSQL database of this URL.
    Postgres(String),
}

impl Place {
    /// Opens a store there.
    ///
    /// # Panics
    ///
    /// When there can't be one there.
    #[must_use]
    pub fn store(&self) -> Arc<dyn DynJobStore> {
        match self {
            Self::Sqlite(file) => {
                // Processes are killed, and nobody pulls the plug: no reason to wait for a disk that may be slow.
                let builder = SqliteJobStore::builder().file(file);
                Arc::new(builder.synchronous(Synchronous::Normal).build().expect("a store"))
            }
            Self::MySql(url) => {
                Arc::new(MySqlJobStore::builder().url(url).build().expect("a store"))
            }
            Self::Postgres(url) => {
                Arc::new(PostgresJobStore::builder().url(url).build().expect("a store"))
            }
        }
    }
}

impl From<&Path> for Place {
    /// The SQLite file in this folder.
    fn from(folder: &Path) -> Self {
        Self::Sqlite(folder.join("jobs.sqlite"))
    }
}

/// Opens the store with a scheduler that runs nothing, does `work`, and closes it.
///
/// # Errors
///
/// What the scheduler or `work` says.
pub fn with_store<T>(
    place: impl Into<Place>,
    work: impl FnOnce(&BackgroundScheduler) -> Result<T, SchedulerError>,
) -> Result<T, SchedulerError> {
    let scheduler = builder(&place.into(), Halts(watch::Sender::new(None))).build()?;
    scheduler.start_paused()?;
    let result = work(&scheduler);
    scheduler.shutdown()?;
    result
}

/// A scheduler on the store there, which halts where it should.
///
/// # Panics
///
/// When there can't be one there.
pub fn builder(place: &Place, halts: Halts) -> SchedulerBuilder<BackgroundScheduler> {
    BackgroundScheduler::builder()
        .timezone("UTC")
        .job_store("default", Layered(HaltingLayer { store: place.store(), halts }))
        .task(occur)
}
