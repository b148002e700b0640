//! The store that a test's processes share, looked at by the test itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

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

/// How a store on a server is opened, where it is not as it is by default.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Access {
    /// What the names of the tables begin with, so that several tests can share a server.
    pub table_prefix: Option<String>,
    /// How long a call may wait for a connection, and as long again for its answer.
    pub timeout: Option<Duration>,
}

impl Place {
    /// Opens a store there.
    ///
    /// # Panics
    ///
    /// When there can't be one there.
    #[must_use]
    pub fn store(&self) -> Arc<dyn DynJobStore> {
        self.store_with(&Access::default())
    }

    /// Opens a store there, in this way if it is on a server.
    ///
    /// # Panics
    ///
    /// When there can't be one there.
    #[must_use]
    pub fn store_with(&self, access: &Access) -> Arc<dyn DynJobStore> {
        /// The builders have the same methods, and no trait in common.
        macro_rules! build {
            ($builder:expr) => {{
                let mut builder = $builder;
                if let Some(prefix) = &access.table_prefix {
                    builder = builder.table_prefix(prefix);
                }
                if let Some(timeout) = access.timeout {
                    builder = builder.acquire_timeout(timeout).statement_timeout(timeout);
                }
                Arc::new(builder.build().expect("a store"))
            }};
        }
        match self {
            Self::Sqlite(file) => {
                // Processes are killed, and nobody pulls the plug: no reason to wait for a disk that may be slow.
                let builder = SqliteJobStore::builder().file(file);
                Arc::new(builder.synchronous(Synchronous::Normal).build().expect("a store"))
            }
            Self::MySql(url) => build!(MySqlJobStore::builder().url(url)),
            Self::Postgres(url) => build!(PostgresJobStore::builder().url(url)),
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
    builder_with(place.store(), halts)
}

/// A scheduler on the store, which halts where it should.
pub fn builder_with(
    store: Arc<dyn DynJobStore>,
    halts: Halts,
) -> SchedulerBuilder<BackgroundScheduler> {
    BackgroundScheduler::builder()
        .timezone("UTC")
        .job_store("default", Layered(HaltingLayer { store, halts }))
        .task(occur)
}
